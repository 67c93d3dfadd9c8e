/*
 * json_names.c
 *		What does a name in JSON say: an address, whose, an agent?
 *
 * Names come from anybody, and a street under a name that we do not know would leave.
 * So what says address in any way is one, or refuses the text: address, adresse, adr,
 * street, post code, town name, with whatever before or behind it.  Left alone are the
 * addresses that lead to no door: of e-mail, networks and the web.
 */
#include <string.h>

#include "iso_json.h"

/* ---- agents ------------------------------------------------------------------------ */

/*
 * protaddr_json_is_agent
 *		True for a bank, by the names of ISO 20022 alone: "fuldmagt" is not one.
 */
bool
protaddr_json_is_agent(const char *name)
{
	static const char *const names[] = {
		"fininstnid", "brnchid", "financialinstitutionidentification",
		"branchidentification", NULL
	};
	static const char *const agts[] = {
		"dbtr", "cdtr", "intrmy", "instg", "instd", "prvsinstg", "instgrmbrsmnt",
		"instdrmbrsmnt", "thrdrmbrsmnt", "chrgs", "chrgsacct", "svcr", "fwdg", "issg",
		"dlvrg", "rcvg", "orgnldbtr", "orgnlcdtr", NULL
	};
	static const char *const agents[] = {
		"debtor", "creditor", "intermediary", "instructing", "instructed",
		"previousinstructing", "servicer", "forwarding", NULL
	};
	static const char *const numbered[] = {
		"intrmy", "prvsinstg", "intermediary", "previousinstructing", NULL
	};
	char		role[PA_JSON_NAME];
	size_t		len = strlen(name);
	bool		number = len > 0 && name[len - 1] >= '1' && name[len - 1] <= '3';
	bool		in_full;
	int			n;

	if (protaddr_json_is_name(name, names))
		return true;
	memcpy(role, name, len + 1);
	if (number)
		role[len - 1] = '\0';
	n = protaddr_json_ends_with(role, "agt");
	in_full = n < 0;
	if (in_full)
		n = protaddr_json_ends_with(role, "agent");
	if (n <= 0)
		return false;
	role[n] = '\0';
	return protaddr_json_is_name(role, in_full ? agents : agts) &&
		(!number || protaddr_json_is_name(role, numbered));
}

/*
 * protaddr_json_keeps_account
 *		True for who keeps an account or acts for its owner: what identifies them does
 *		not identify him.
 */
bool
protaddr_json_keeps_account(const char *name)
{
	static const char *const ends[] = {
		"agt", "agent", "bank", "svcr", "servicer", "institution", "fininstnid",
		"financialinstitutionidentification", "brnchid", "branch", "branchidentification",
		NULL
	};
	char		plain[PA_JSON_NAME];
	size_t		len = strlen(name);

	memcpy(plain, name, len + 1);
	while (len > 0 && plain[len - 1] >= '0' && plain[len - 1] <= '9')
		plain[--len] = '\0';
	for (int i = 0; ends[i] != NULL; i++)
	{
		if (protaddr_json_ends_with(plain, ends[i]) >= 0)
			return true;
	}
	return false;
}

/* ---- roles ------------------------------------------------------------------------- */

/*
 * protaddr_json_iso_role
 *		Give the ISO name of a role that we know, else a general one.
 */
const char *
protaddr_json_iso_role(const char *role)
{
	static const struct
	{
		const char *name;
		const char *iso;
	}			roles[] = {
		{"dbtr", "Dbtr"}, {"debtor", "Dbtr"}, {"cdtr", "Cdtr"}, {"creditor", "Cdtr"},
		{"ultmtdbtr", "UltmtDbtr"}, {"ultimatedebtor", "UltmtDbtr"},
		{"ultmtcdtr", "UltmtCdtr"}, {"ultimatecreditor", "UltmtCdtr"},
		{"initgpty", "InitgPty"}, {"initiatingparty", "InitgPty"},
		{"ownr", "Ownr"}, {"owner", "Ownr"}, {"acctownr", "Ownr"}, {"accountowner", "Ownr"},
		{"invcr", "Invcr"}, {"invcee", "Invcee"}, {"tradgpty", "TradgPty"},
		{"orgtr", "Orgtr"}, {"msgrcpt", "MsgRcpt"}, {"rmtlctndtls", "RmtLctnDtls"},
		{"dlvrto", "DlvrTo"}, {"pyer", "Pyer"}, {"pyee", "Pyee"}
	};

	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
	{
		if (strcmp(role, roles[i].name) == 0)
			return roles[i].iso;
	}
	return "Pty";
}

/*
 * protaddr_json_same_role
 *		True if the names are of one role, short or in full.
 */
bool
protaddr_json_same_role(const char *role, const char *other)
{
	const char *iso = protaddr_json_iso_role(role);

	return strcmp(role, other) == 0 ||
		(strcmp(iso, "Pty") != 0 && strcmp(iso, protaddr_json_iso_role(other)) == 0);
}

/*
 * protaddr_json_is_party
 *		True if the name is that of a party of a payment, in the words of ISO or of others.
 */
bool
protaddr_json_is_party(const char *name)
{
	static const char *const others[] = {
		"pty", "party", "payer", "payee", "beneficiary", "remitter", "sender", "receiver",
		"recipient", "originator", "customer", "orderingcustomer", "holder",
		"accountholder", "ultimatepayer", "ultimatepayee", "orgnldbtr", "orgnlcdtr",
		"originaldebtor", "originalcreditor", "betaler", "modtager", "afsender", "kunde",
		"debitor", "kreditor", NULL
	};

	return strcmp(protaddr_json_iso_role(name), "Pty") != 0 || protaddr_json_is_name(name, others);
}

/* ---- addresses --------------------------------------------------------------------- */

/* contains is true if one of the words is in the text. */
static bool
contains(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
	{
		if (strstr(text, *words) != NULL)
			return true;
	}
	return false;
}

/* is_part is true for a name that says a part of an address. */
static bool
is_part(const char *name)
{
	static const char *const words[] = {
		"street", "strtnm", "bldgnb", "bldgnm", "buildingnumber", "buildingname", "pstbx",
		"postcode", "postalcode", "zipcode", "twnnm", "townname", "twnlctnnm", "adrline",
		"vejnavn", "gadenavn", "husnummer", "husnr", "postnummer", "postnr", "strasse",
		"stra\xc3\x9f" "e", "hausnummer", "postleitzahl", "anschrift", "wohnort", "gatenavn", "veinavn",
		"vegnavn", "poststed", "gatunamn", "postort", "osoite", "postinumero", "straat", "huisnummer",
		"woonplaats", NULL
	};
	const char *code = strstr(name, "pstcd");

	/* DpstCd is the code of a deposit */
	return contains(name, words) || (code != NULL && (code == name || code[-1] != 'd'));
}

/* The words for an address, and how they may go on. */
static const char *const address_words[] = {"address", "adresse", "addr", "adres", "adr", NULL};
static const char *const address_ends[] = {"", "s", "es", "er", "n", "ne", "rne", NULL};

/* ends_with_address gives how much of a name stands before its address; -1 if it has none. */
static int
ends_with_address(const char *name)
{
	char		plain[PA_JSON_NAME];
	size_t		len = strlen(name);

	memcpy(plain, name, len + 1);
	while (len > 0 && plain[len - 1] >= '0' && plain[len - 1] <= '9')
		plain[--len] = '\0';
	for (int i = 0; address_words[i] != NULL; i++)
	{
		for (int j = 0; address_ends[j] != NULL; j++)
		{
			char		end[16];
			int			n;

			strcpy(end, address_words[i]);
			strcat(end, address_ends[j]);
			n = protaddr_json_ends_with(plain, end);
			if (n >= 0)
				return n;
		}
	}
	return -1;
}

/* leads_to_no_door is true for what stands before an address that is not a house's. */
static bool
leads_to_no_door(const char *prefix)
{
	static const char *const names[] = {
		"ip", "ipv4", "ipv6", "clientip", "sourceip", "remoteip", "userip", "psuip", "deviceip",
		"hostip", "serverip", "customerip", "consumerip", "payerip", "debtorip", "creditorip",
		"originip", "requestip", "localip", "publicip", "mac", "devicemac", "wifimac", "ntwk", "network", "web", NULL
	};
	static const char *const ends[] = {"email", "eml", "url", "elctrnc", "electronic", NULL};

	for (int i = 0; ends[i] != NULL; i++)
	{
		if (protaddr_json_ends_with(prefix, ends[i]) >= 0)
			return true;
	}
	return protaddr_json_is_name(prefix, names);
}

/* is_kind is true for what stands before an address to say which of a party's it is. */
static bool
is_kind(const char *prefix)
{
	static const char *const kinds[] = {
		"", "home", "private", "residential", "residence", "permanent", "current", "contact",
		"mail", "mailing", "legal", "lgl", "registered", "domicile", "work", "office",
		"billing", "delivery", "full", "main", "primary", "postal", "post", "bopael",
		"folkeregister", "hjemme", "privat", NULL
	};

	return protaddr_json_is_name(prefix, kinds);
}

/*
 * may_say_address is false for most names, at little cost: each word that we look for
 * has one of these beginnings.
 */
static bool
may_say_address(const char *text)
{
	for (; *text != '\0'; text++)
	{
		char		next = text[1];

		switch (*text)
		{
			case 'a':
				if (next == 'd' || (next == 'n' && text[2] == 's'))
					return true;
				break;
			case 's':
				if (next == 't' && text[2] == 'r')
					return true;
				break;
			case 'b':
				if (next == 'l' || next == 'u')
					return true;
				break;
			case 'p':
				if (next == 'o' || next == 's')
					return true;
				break;
			case 't':
				if (next == 'o' || next == 'w')
					return true;
				break;
			case 'z':
				if (next == 'i')
					return true;
				break;
			case 'v':
				if (next == 'e')
					return true;
				break;
			case 'g':
				if (next == 'a')
					return true;
				break;
			case 'h':
				if (next == 'u' || (next == 'a' && text[2] == 'u'))
					return true;
				break;
			case 'o':
				if (next == 's' && text[2] == 'o')
					return true;
				break;
			case 'w':
				if (next == 'o' && (text[2] == 'o' || text[2] == 'h'))
					return true;
				break;
		}
	}
	return false;
}

/* says_address is true if a text says address in any way. */
static bool
says_address(const char *text)
{
	static const char *const words[] = {"addr", "adres", "pstladr", NULL};

	return contains(text, words) || is_part(text);
}

/*
 * protaddr_json_address_name
 *		Tell what a member's name says of an address.
 */
PaAddressName
protaddr_json_address_name(const char *json, size_t start, int *role_len)
{
	char		whole[PA_JSON_LONGEST_NAME];
	char		role[PA_JSON_NAME];
	size_t		len = protaddr_json_whole_name(json, start, whole);
	char	   *name = whole;
	int			n;

	*role_len = 0;
	if (len == SIZE_MAX)
		return NAME_STRAY;
	if (!may_say_address(whole))
		return NAME_OTHER;
	for (char *colon; (colon = strchr(name, ':')) != NULL; name = colon + 1)
	{
		*colon = '\0';
		if (says_address(name) || strcmp(name, "adr") == 0)
			return NAME_STRAY;
	}
	if (strlen(name) >= PA_JSON_NAME)
		return says_address(name) || protaddr_json_ends_with(name, "adr") >= 0 ?
			NAME_STRAY : NAME_OTHER;

	if (strcmp(name, "adr") == 0)
		return NAME_ADR;
	if (strcmp(name, "pstladr") == 0 || strcmp(name, "postaladdress") == 0)
		return NAME_ADDRESS;
	if (is_part(name))
		return NAME_STRAY;
	n = protaddr_json_ends_with(name, "pstladr");
	if (n < 0)
		n = protaddr_json_ends_with(name, "postaladdress");
	/* PstlAdr2: there is another one */
	if (n < 0 && (strstr(name, "pstladr") != NULL || strstr(name, "postaladdress") != NULL))
		return NAME_STRAY;
	if (n < 0)
		n = ends_with_address(name);
	if (n < 0)
		return says_address(name) ? NAME_STRAY : NAME_OTHER;

	memcpy(role, name, (size_t) n);
	role[n] = '\0';
	if (leads_to_no_door(role))
		return NAME_OTHER;
	*role_len = n;
	if (n > 0 && (protaddr_json_is_party(role) || strcmp(role, "rmtlctn") == 0))
		return NAME_FLAT;
	return is_kind(role) ? NAME_PLAIN : NAME_OF_SOMEBODY;
}
