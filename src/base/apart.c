/*
 * apart.c
 *		What is done apart from its transaction, so that it alone can be undone?
 *
 * One row of many, or a trial: it is done in a subtransaction, and an error of it need not
 * end the statement.
 *
 *		protaddr_apart_begin(&apart);
 *		PG_TRY();
 *		{
 *			...
 *			protaddr_apart_end(&apart, true);
 *		}
 *		PG_CATCH();
 *		{
 *			ErrorData  *error = protaddr_apart_failed(&apart);
 *
 *			if (protaddr_error_ends_all(error))
 *				ReThrowError(error);
 *			...
 *		}
 *		PG_END_TRY();
 */
#include "postgres.h"

#include "base/base.h"

#include "access/xact.h"

/* protaddr_apart_begin begins what is done apart, in the memory context it is called in. */
void
protaddr_apart_begin(ProtaddrApart *apart)
{
	apart->context = CurrentMemoryContext;
	apart->owner = CurrentResourceOwner;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(apart->context);
}

/* protaddr_apart_end ends it: what was done is kept, or undone. */
void
protaddr_apart_end(const ProtaddrApart *apart, bool keep)
{
	if (keep)
		ReleaseCurrentSubTransaction();
	else
		RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(apart->context);
	CurrentResourceOwner = apart->owner;
}

/*
 * protaddr_apart_failed undoes it after an error, and gives the error.  Whatever becomes of
 * that: a subtransaction left open would outlive the statement.
 */
ErrorData *
protaddr_apart_failed(const ProtaddrApart *apart)
{
	ErrorData  *error;

	MemoryContextSwitchTo(apart->context);
	error = CopyErrorData();
	FlushErrorState();
	protaddr_apart_end(apart, false);
	return error;
}

/*
 * protaddr_error_ends_all tells whether an error is no matter of what was done, so that the
 * next would fail as well: somebody cancels, or memory, disk or a quota is used up.
 */
bool
protaddr_error_ends_all(const ErrorData *error)
{
	return ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION ||
		ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_INSUFFICIENT_RESOURCES;
}
