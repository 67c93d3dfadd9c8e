/*
 * settings.c
 *		Whose word counts for a setting?
 *
 * The server's configuration's alone: each setting of ours can be changed by its files
 * and the postmaster's command line (PGC_SIGHUP), by no session.  With the library
 * preloaded PostgreSQL sees to that.  Without, PGOPTIONS, ALTER ROLE or ALTER DATABASE
 * ... SET, or a plain SET may have given the name a value before we define it.
 * PostgreSQL refuses that value then, with a warning, but has lost what the
 * configuration says, and takes the default.  So where that has happened we read the
 * configuration again, for names of ours.
 *
 * Rooms define their settings with DefineCustom...Variable as usual.
 */
#include "postgres.h"

#include "base/base.h"

#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"
#include "utils/memutils.h"

#define OUR_PREFIX "protaddr."
#define OPTS_FILE "postmaster.opts"

/* What the configuration says of names of ours; NULL: nobody has been in its way. */
static ConfigVariable *configured = NULL;

static bool displaced(void);
static ConfigVariable *command_line(void);
static ConfigVariable *setting_of(const char *argument);

/*
 * protaddr_settings_read looks, before our settings are defined, whether a session has
 * got in the configuration's way, and if so reads the files.  Raises 55PA1 if that
 * fails: better no library than one with settings of anybody's choice.
 */
void
protaddr_settings_read(void)
{
	ConfigVariable *head = NULL;
	ConfigVariable *tail = NULL;
	MemoryContext old;

	if (!displaced())
		return;
	old = MemoryContextSwitchTo(TopMemoryContext);
	if (!ParseConfigFile(ConfigFileName, true, NULL, 0, 0, LOG, &head, &tail) ||
		!ParseConfigFile(PG_AUTOCONF_FILENAME, false, NULL, 0, 0, LOG, &head, &tail))
		ereport(ERROR,
				(errcode(ERRCODE_PROTADDR_NOT_READY),
				 errmsg("the server's configuration files cannot be read"),
				 errhint("See the server log, or add protaddr to shared_preload_libraries.")));
	if (tail != NULL)
		tail->next = command_line();
	else
		head = command_line();
	configured = head;
	MemoryContextSwitchTo(old);
}

/* protaddr_settings_apply has the configuration's word count, once settings are defined. */
void
protaddr_settings_apply(void)
{
	for (ConfigVariable *item = configured; item != NULL; item = item->next)
		if (!item->ignore && pg_strncasecmp(item->name, OUR_PREFIX, strlen(OUR_PREFIX)) == 0 &&
			GetConfigOption(item->name, true, false) != NULL)
			(void) set_config_option(item->name, item->value, PGC_SIGHUP, PGC_S_FILE,
									 GUC_ACTION_SET, true, 0, false);
}

/* displaced is true if a name of ours has a value that is not the configuration's. */
static bool
displaced(void)
{
	int			nvariables;
	struct config_generic **variables = protaddr_guc_variables(&nvariables);

	for (int i = 0; i < nvariables; i++)
		if (variables[i]->source > PGC_S_ARGV &&
			pg_strncasecmp(variables[i]->name, OUR_PREFIX, strlen(OUR_PREFIX)) == 0)
			return true;
	return false;
}

/*
 * command_line gives our settings on the postmaster's command line, which the
 * postmaster has written down, each argument in quotation marks.
 */
static ConfigVariable *
command_line(void)
{
	ConfigVariable *first = NULL;
	ConfigVariable **last = &first;
	FILE	   *file = AllocateFile(OPTS_FILE, "r");
	char text[	8192];
	size_t		len;
	char	   *argument;

	if (file == NULL)
		return NULL;
	len = fread(text, 1, sizeof(text) - 1, file);
	FreeFile(file);
	text[		len] = '\0';

	for (argument = strstr(text, " \""); argument != NULL; argument = strstr(argument, " \""))
	{
		char	   *end = strchr(argument += 2, '"');
		ConfigVariable *setting;

		if (end == NULL)
			break;
		*end = '\0';
		setting = setting_of(argument);
		if (setting != NULL)
		{
			*last = setting;
			last = &setting->next;
		}
		argument = end + 1;
	}
	return first;
}

/* setting_of reads "-c name=value", "-cname=value" and "--name=value", with or without the switch. */
static ConfigVariable *
setting_of(const char *argument)
{
	ConfigVariable *setting;
	char	   *name;
	char	   *value;

	if (strncmp(argument, "-c", 2) == 0 || strncmp(argument, "--", 2) == 0)
		argument += 2;
	ParseLongOption(argument, &name, &value);
	if (value == NULL || pg_strncasecmp(name, OUR_PREFIX, strlen(OUR_PREFIX)) != 0)
		return NULL;
	setting = palloc0(sizeof(ConfigVariable));
	setting->name = name;
	setting->value = value;
	return setting;
}
