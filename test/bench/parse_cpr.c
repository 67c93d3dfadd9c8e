/*
 * parse_cpr.c
 *		How fast is the parser of register deliveries, without a database?
 *
 * Reads the file named on the command line into memory, parses it five times
 * and prints the people a second of each time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "register/cpr.h"

static bool
count_person(void *arg, const PaCprPerson *person)
{
	uint64_t   *protections = arg;

	*protections += (uint64_t) person->nprotections;
	return true;
}

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	static PaCprParser parser;
	FILE	   *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
	long		size;
	char	   *delivery;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0 ||
		fseek(file, 0, SEEK_SET) != 0 || (delivery = malloc((size_t) size)) == NULL ||
		fread(delivery, 1, (size_t) size, file) != (size_t) size)
	{
		fprintf(stderr, "usage: parse_cpr FILE\n");
		return 2;
	}
	fclose(file);

	for (int i = 0; i < 5; i++)
	{
		uint64_t	protections = 0;
		double		start = seconds();

		protaddr_cpr_begin(&parser, PA_CPR_DELIVERY, count_person, &protections);
		for (long done = 0; done < size; done += 1024 * 1024)
			protaddr_cpr_feed(&parser, delivery + done,
							  (size_t) (size - done < 1024 * 1024 ? size - done : 1024 * 1024));
		if (protaddr_cpr_end(&parser) != PA_CPR_OK)
		{
			fprintf(stderr, "the delivery is refused\n");
			return 1;
		}
		printf("%.0f\n", (double) parser.persons / (seconds() - start));
	}
	free(delivery);
	return 0;
}
