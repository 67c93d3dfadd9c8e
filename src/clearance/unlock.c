/*
 * unlock.c
 *		Is this transaction unlocked, for whom, and for which purpose?
 *
 * protaddr.unlock() notes it in memory, for the rest of the transaction: so no setting, no
 * pooler and no dump carries it any further, and ROLLBACK TO takes it back.  At each address
 * it is asked again whether it still holds: by the clock, and by the tables if somebody has
 * changed them.  What does not hold any more is silent: a withheld address looks the same
 * whatever the reason.
 *
 * It holds for what the client's statements read.  Not in maintenance, not in the action of
 * a foreign key, not in a function that has the rights of somebody without such a clearance,
 * and not for what a cursor keeps beyond the transaction.
 */
#include "postgres.h"

#include "address/address.h"
#include "audit/audit.h"
#include "base/base.h"
#include "clearance/clearance.h"
#include "text/text.h"

#include "access/xlog.h"
#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "tcop/pquery.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/portal.h"

#define REFERENCE_SIZE	100		/* bytes */

PG_FUNCTION_INFO_V1(protaddr_unlock_sql);

/* One call of protaddr.unlock(); in memory that ends with the transaction. */
typedef struct Unlocked
{
	struct Unlocked *before;	/* what held before, and holds again after ROLLBACK TO */
	SubTransactionId made_in;
	Oid			login;
	ProtaddrUnlock said;
	ProtaddrClearance clearance;
	TimestampTz valid_until;	/* of the clearance, or of what was approved */
	int32		left;			/* of what was approved; -1: nothing had to be */
	uint64		judged_by;		/* generations of the tables it was judged by */
	bool		holds;			/* as they were then */
	HTAB	   *shown;			/* addresses that have counted already */
} Unlocked;

static Unlocked *unlocked = NULL;
static bool unlocked_here = false;	/* at some time in this transaction */
static int	holding = 0;		/* runs that fill what a cursor keeps beyond the transaction */

static void unlock_xact_end(void);
static void unlock_subxact(SubXactEvent event, SubTransactionId mine, SubTransactionId parent);
static bool unlock_executor_run(QueryDesc *query);
static void unlock_executor_ran(QueryDesc *query, bool failed);

const ProtaddrPart protaddr_unlock_part = {
	.xact_end = unlock_xact_end,
	.subxact = unlock_subxact,
	.executor_run = unlock_executor_run,
	.executor_ran = unlock_executor_ran,
};

/* ---- how long it lasts -------------------------------------------------------------- */

static void
unlock_xact_end(void)
{
	unlocked = NULL;
	unlocked_here = false;
	holding = 0;
}

static void
unlock_subxact(SubXactEvent event, SubTransactionId mine, SubTransactionId parent)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		while (unlocked != NULL && unlocked->made_in == mine)
			unlocked = unlocked->before;
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		for (Unlocked *one = unlocked; one != NULL && one->made_in == mine; one = one->before)
			one->made_in = parent;
}

/*
 * unlock_executor_run looks for a query whose rows a cursor keeps beyond the transaction:
 * one WITH HOLD, or one that a procedure's loop still reads when the procedure commits.  Its
 * rows would be read when nobody is asked any more.
 */
static bool
unlock_executor_run(QueryDesc *query)
{
	if (likely(ActivePortal == NULL || ActivePortal->queryDesc != query) ||
		((ActivePortal->cursorOptions & CURSOR_OPT_HOLD) == 0 &&
		 (ActivePortal->strategy != PORTAL_ONE_SELECT || ActivePortal->holdStore == NULL)))
		return false;
	holding++;
	return true;
}

static void
unlock_executor_ran(QueryDesc *query, bool failed)
{
	if (holding > 0)
		holding--;
}

/*
 * protaddr_unlocked_here is true in a transaction that is, or was before ROLLBACK TO,
 * unlocked: what it has been shown nobody takes back.
 */
bool
protaddr_unlocked_here(void)
{
	return unlocked_here;
}

/* ---- does it hold? -------------------------------------------------------------------- */

static uint64
judged_by(void)
{
	return protaddr_generation(PROTADDR_CLEARANCE) + protaddr_generation_seen(PROTADDR_PURPOSE);
}

/* judge asks the tables again, if somebody has changed them. */
static bool
judge(Unlocked *one)
{
	uint64		now = judged_by();
	MemoryContext old;
	ProtaddrClearance clearance;
	ProtaddrPurpose purpose;

	if (likely(one->judged_by == now))
		return one->holds;
	old = MemoryContextSwitchTo(AllocSetContextCreate(CurrentMemoryContext, "protaddr clearance", ALLOCSET_SMALL_SIZES));
	one->holds = protaddr_clearance(one->login, one->said.purpose, &clearance) &&
		clearance.id == one->said.clearance &&
		protaddr_purpose(one->said.purpose, &purpose) &&
		(one->said.request != 0 || !purpose.needs_approval);
	one->judged_by = now;
	MemoryContextDelete(MemoryContextSwitchTo(old));
	return one->holds;
}

/* may_pass_on tells whether a function with the rights of this role may be shown something. */
static bool
may_pass_on(Oid role, const void *what)
{
	const Unlocked *one = (const Unlocked *) what;
	TimestampTz now;
	ProtaddrClearance clearance;

	if (role == one->login || role == GetOuterUserId())
		return true;
	now = GetCurrentTimestamp();
	return protaddr_clearance(role, one->said.purpose, &clearance) && clearance.subjects == NULL &&
		clearance.valid_from <= now && now < clearance.valid_until;
}

static bool
holds(Unlocked *one)
{
	return holding == 0 && protaddr_login_role() == one->login && judge(one) &&
		GetCurrentTimestamp() < one->valid_until &&
		protaddr_is_still_role(one->login, "", protaddr_this_database()) &&
		protaddr_callers_all(may_pass_on, one);
}

/* concerns_only tells whether a clearance reaches everybody who is not free. */
static bool
concerns_only(const PaAddress *address, const ProtaddrClearance *clearance)
{
	ProtaddrIdentifier *concerned;
	ProtaddrIdentifier *allowed;
	int			nconcerned;
	int			nallowed;

	if (clearance->subjects == NULL)
		return true;
	concerned = protaddr_identity_ends(address->subject, address->nsubjects, &nconcerned);
	allowed = protaddr_identity_ends(clearance->subjects, clearance->nsubjects, &nallowed);
	for (int i = 0; i < nconcerned; i++)
	{
		bool		is = protaddr_said_of(concerned[i].key, concerned[i].len) == PROTADDR_TOLD_OF;

		for (int j = 0; j < nallowed && !is; j++)
			is = protaddr_identifier_same(&concerned[i], &allowed[j]);
		if (!is)
			return false;
	}
	return true;
}

/* ---- the limit --------------------------------------------------------------------------- */

/* note puts on record what becomes of an unlock, and why. */
static void
note(const Unlocked *one, const char *kind, const char *why)
{
	ProtaddrAudit record;

	protaddr_audit_begin(&record, kind);
	protaddr_audit_text(&record, "why", why);
	protaddr_audit_text(&record, "purpose", one->said.purpose);
	protaddr_audit_text(&record, "legal_basis", one->said.legal_basis);
	protaddr_audit_text(&record, "reference", one->said.reference);
	protaddr_audit_text(&record, "contract", one->said.contract);
	if (one->said.clearance != 0)
		protaddr_audit_number(&record, "clearance", one->said.clearance);
	if (one->said.request != 0)
		protaddr_audit_number(&record, "request", one->said.request);
	protaddr_audit_text(&record, "approved_by", one->said.approved_by);
	protaddr_audit_write(&record);
}

static uint64
add_text(uint64 hash, const PaText *piece)
{
	return hash_bytes_extended((const unsigned char *) piece->data, piece->len, hash + 1);
}

/* hash_of tells one address of some people from another. */
static uint64
hash_of(const PaAddress *address)
{
	uint64		hash = 0;

	for (int i = 0; i < address->nsubjects; i++)
		hash = add_text(hash, &address->subject[i]);
	for (int i = 0; i < PA_NELEMENTS; i++)
		hash = add_text(hash, &address->element[i]);
	for (int i = 0; i < address->nlines; i++)
		hash = add_text(hash, &address->line[i]);
	return hash;
}

/* refuse_more raises 53PA1, on record. */
static void
refuse_more(const Unlocked *one, const char *limit)
{
	note(one, "unlock_limit", NULL);
	ereport(ERROR,
			(errcode(ERRCODE_PROTADDR_QUOTA),
			 errmsg("%s is used up", limit),
			 errhint("See protaddr.clearance_status."),
			 protaddr_errprivate()));
}

/* count counts an address, once while the transaction is unlocked.  Raises 53PA1 for one too many. */
static void
count(Unlocked *one, const PaAddress *address)
{
	uint64		hash = hash_of(address);

	if (one->shown == NULL)
	{
		HASHCTL		control = {.keysize = sizeof(uint64), .entrysize = sizeof(uint64), .hcxt = TopTransactionContext};

		one->shown = hash_create("protaddr shown", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	if (hash_search(one->shown, &hash, HASH_FIND, NULL) != NULL)
		return;
	if (one->left == 0)
		refuse_more(one, "the number of protected addresses that was approved");
	if (!protaddr_spend(one->clearance.counter, one->clearance.daily_limit))
		refuse_more(one, "the clearance's number of protected addresses for today");
	if (one->left > 0)
		one->left--;
	(void) hash_search(one->shown, &hash, HASH_ENTER, NULL);
}

/*
 * protaddr_unlock_of tells for what an address of people who are not free may be shown,
 * and counts it; NULL: it may not.  Raises 53PA1 if the limit is reached, and what the file
 * system says if it cannot be counted.
 */
const ProtaddrUnlock *
protaddr_unlock_of(const PaAddress *address)
{
	if (likely(unlocked == NULL) || !holds(unlocked) || !concerns_only(address, &unlocked->clearance))
		return NULL;
	count(unlocked, address);
	return &unlocked->said;
}

/* ---- protaddr.unlock() -------------------------------------------------------------------- */

/*
 * refuse says the same to everybody who has no clearance, whatever is missing.  What they
 * wrote is not on record: it can be anything.
 */
static void
refuse(void)
{
	static const Unlocked nothing = {0};

	note(&nothing, "unlock_refused", "no clearance");
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied to unlock"),
			 errdetail("It takes a clearance for the purpose, in force, of the role that is logged in."),
			 errhint("See protaddr.purpose, and whoever grants clearances.")));
}

/* check_reference raises 22023 unless the reference is a line of its length. */
static void
check_reference(const char *reference, bool needed)
{
	bool		good = strlen(reference) <= REFERENCE_SIZE && (!needed || !protaddr_is_blank(reference));

	for (const char *c = reference; *c != '\0' && good; c++)
		good = (unsigned char) *c >= ' ' && *c != 0x7f;
	if (!good)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the purpose asks for a reference"),
				 errdetail("It is one line of at most %d bytes, such as the number of a case.", REFERENCE_SIZE),
				 protaddr_errprivate()));
}

/* refuse_unapproved says so to somebody who has a clearance. */
static void
refuse_unapproved(const Unlocked *one, const char *why)
{
	note(one, "unlock_refused", why);
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied to unlock: %s", why),
			 errhint("Another role approves: protaddr.request_unlock(), protaddr.approve_unlock().")));
}

/* take_approval looks whether a request was approved, and not used. */
static void
take_approval(Unlocked *one, int64 request)
{
	ProtaddrApproval approval;

	if (!protaddr_approval(request, one->login, one->said.purpose, one->said.reference, &approval) ||
		approval.valid_until <= GetCurrentTimestamp())
		refuse_unapproved(one, "the request is not approved");
	one->said.request = request;
	one->said.approved_by = approval.approved_by;
	one->left = approval.addresses;
	one->valid_until = Min(one->valid_until, approval.valid_until);
}

/* is_allowed reads what the tables say of the role and the purpose. */
static bool
is_allowed(Unlocked *one, ProtaddrPurpose *purpose)
{
	TimestampTz now = GetCurrentTimestamp();

	one->judged_by = judged_by();
	if (!OidIsValid(one->login) || !protaddr_purpose(one->said.purpose, purpose) ||
		!protaddr_clearance(one->login, one->said.purpose, &one->clearance))
		return false;
	one->holds = true;
	one->valid_until = one->clearance.valid_until;
	return one->clearance.valid_from <= now && now < one->valid_until;
}

/* text_arg gives an argument, empty for NULL. */
static char *
text_arg(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? pstrdup("") : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

/* protaddr_unlock_sql is protaddr.unlock(purpose, reference, request). */
Datum
protaddr_unlock_sql(PG_FUNCTION_ARGS)
{
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);
	Unlocked   *one = palloc0(sizeof(Unlocked));
	ProtaddrPurpose purpose;
	int32		left;

	if (RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("a standby cannot be unlocked"),
				 errdetail("It cannot count together with its primary.")));
	one->login = protaddr_acting_login();
	one->said.purpose = text_arg(fcinfo, 0);
	one->said.reference = text_arg(fcinfo, 1);
	one->left = -1;
	if (!is_allowed(one, &purpose))
		refuse();
	one->said.legal_basis = purpose.legal_basis;
	one->said.contract = one->clearance.contract;
	one->said.clearance = one->clearance.id;
	check_reference(one->said.reference, purpose.needs_reference);
	if (!PG_ARGISNULL(2))
		take_approval(one, PG_GETARG_INT64(2));
	else if (purpose.needs_approval)
		refuse_unapproved(one, "the purpose needs somebody's approval");
	left = one->clearance.daily_limit - protaddr_spent(one->clearance.counter);
	if (left <= 0)
		refuse_more(one, "the clearance's number of protected addresses for today");
	if (one->said.request != 0 && !protaddr_use_once(one->said.request))
		refuse_unapproved(one, "the request was used before");
	if (one->left >= 0)
		left = Min(left, one->left);

	note(one, "unlock", NULL);
	one->made_in = GetCurrentSubTransactionId();
	one->before = unlocked;
	unlocked = one;
	unlocked_here = true;
	MemoryContextSwitchTo(old);
	PG_RETURN_INT32(left);
}
