/*
 * image.c
 *		How do many processes read one index?
 *
 * An image is one piece of memory without a pointer: what the index says of itself, and
 * behind it all that it points to, one after the other and no larger than it has to be.
 * Who reads it points into it from an index of his own, wherever the image lies for him.
 */
#include "guard/matcher_int.h"

#include <string.h>

/* room, so that looking for what is not there ends soon */
#define TABLE_PLACES(used)	((used) > 0 ? (used) + (used) / 3 + 16 : 0)
#define ENTRY_PLACES(used)	((used) + (used) / 7 + 16)

#define ALIGNED(size)		(((size) + 7) & ~(size_t) 7)

/* shrink says how large the parts of an index are in its image. */
static void
shrink(const PaGuardIndex *index, PaGuardIndex *image)
{
	*image = *index;
	image->room_streets = index->nstreets + 1;
	image->nentries = ENTRY_PLACES(index->used);
	image->table[PA_LAST_WORDS].used = 0;	/* its filter says it */
	for (int i = 0; i < PA_TABLES; i++)
		image->table[i].size = TABLE_PLACES(image->table[i].used);
}

/* part gives where the next part begins. */
static void *
part(char *memory, size_t *at, size_t size)
{
	void	   *begin = memory == NULL ? NULL : memory + *at;

	*at += ALIGNED(size);
	return begin;
}

/* lay_out points an index into its image; gives how large that is. */
static size_t
lay_out(PaGuardIndex *index, char *image)
{
	size_t		at = ALIGNED(sizeof(PaGuardIndex));

	for (int i = 0; i < PA_TABLES; i++)
	{
		index->table[i].print = part(image, &at, index->table[i].size * sizeof(uint64_t));
		index->table[i].value = part(image, &at, index->table[i].size * sizeof(uint32_t));
	}
	for (int i = 0; i < PA_FILTERS; i++)
		index->filter[i].word = part(image, &at, index->filter[i].nwords * sizeof(uint64_t));
	index->street = part(image, &at, index->room_streets * sizeof(PaStreet));
	index->word = part(image, &at, index->nwords * sizeof(PaWordForms));
	index->entry = part(image, &at, index->nentries * sizeof(PaEntry));
	return at;
}

size_t
protaddr_guard_image_size(const PaGuardIndex *index)
{
	PaGuardIndex image;

	shrink(index, &image);
	return lay_out(&image, NULL);
}

void
protaddr_guard_image_write(const PaGuardIndex *index, void *memory)
{
	PaGuardIndex image;

	shrink(index, &image);
	memset(memory, 0, lay_out(&image, NULL));
	(void) lay_out(&image, memory);
	for (int i = 0; i < PA_TABLES; i++)
	{
		const PaTable *from = &index->table[i];

		image.table[i].used = 0;
		for (size_t j = 0; j < from->size && image.table[i].size > 0; j++)
			if (from->print[j] != 0)
				protaddr_table_put(&image.table[i], from->print[j], from->value[j]);
	}
	for (int i = 0; i < PA_FILTERS; i++)
		memcpy(image.filter[i].word, index->filter[i].word, index->filter[i].nwords * sizeof(uint64_t));
	memcpy(image.street, index->street, image.room_streets * sizeof(PaStreet));
	if (index->nwords > 0)
		memcpy(image.word, index->word, index->nwords * sizeof(PaWordForms));
	for (size_t i = 0; i < index->nentries; i++)
		protaddr_entry_put(image.entry, image.nentries, &index->entry[i]);

	/* where they are in this process is nobody's business */
	(void) lay_out(&image, NULL);
	memset(&image.memory, 0, sizeof(image.memory));
	memcpy(memory, &image, sizeof(image));
}

PaGuardIndex *
protaddr_guard_image_read(const PaGuardMemory *memory, void *image)
{
	PaGuardIndex *index = memory->resize(memory->arg, NULL, sizeof(PaGuardIndex));

	if (index == NULL)
		return NULL;
	memcpy(index, image, sizeof(*index));
	index->bytes = lay_out(index, image);
	index->memory = *memory;
	return index;
}

void
protaddr_guard_image_leave(PaGuardIndex *index)
{
	index->memory.release(index->memory.arg, index);
}
