#!/usr/bin/env bash
# demo.sh [FILE]
#		Tells the story in test/demo/*.sql on a private server that is gone afterwards.
#
# FILE: an extract of the population register to tell it with, given to the
# story as psql variable "extract"; it is read, never kept.  The story also has
# "fixtures" (test/data) and, if there, "reference" (PROTADDR_DATA).

. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

if [ $# -gt 1 ]; then
	pa_fail "usage: test/demo.sh [FILE]"
fi
export PA_NEED=demo
if [ -z "${PA_INSIDE:-}" ] && [ $# = 1 ]; then
	export PA_CARRY_FILE=$1
fi
pa_setup "$0"

stories=("$PA_TREE"/test/demo/*.sql)
[ -f "${stories[0]}" ] || pa_fail "there is no story in test/demo"

# exports are judged only where every session has the library
pa_start_server "$PA_WORK/demo" "shared_preload_libraries = 'protaddr'" || exit 1
createdb demo || pa_fail "createdb failed" "$PA_WORK/demo/server.log"

variables=(-v "fixtures=$PA_TREE/test/data")
[ -z "${PA_CARRY_FILE:-}" ] || variables+=(-v "extract=$PA_CARRY_FILE")
[ -z "${PROTADDR_DATA:-}" ] || variables+=(-v "reference=$PROTADDR_DATA")
for story in "${stories[@]}"; do
	pa_guarded psql -X -q -d demo -v ON_ERROR_STOP=1 "${variables[@]}" -f "$story" ||
		pa_fail "${story##*/} stopped" "$PA_WORK/demo/server.log"
done
pa_stop_server "$PA_WORK/demo"
