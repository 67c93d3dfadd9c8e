# lib.sh
#		What the benchmarks have in common; sourced by each, which is run like run.sh: in a
#		private copy, on a server of its own.
#
# A benchmark that calls bench_begin has $F, a folder in which each figure's single
# measurements are a file, one a line, in ms.

. "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../setup.sh"

# setup.sh runs scripts that stand in test/; in the copy, the benchmark does, too.
eval "plain_$(declare -f pa_copy_tree)"
pa_copy_tree()
{
	plain_pa_copy_tree "$@"
	ln -s "bench/$(basename "$0")" "$2/test/$(basename "$0")"
}

# bench_begin ARGUMENT... sets up, once the options have been read
bench_begin()
{
	export PA_NEED=demo
	pa_setup "$0" "$@"
	export PGOPTIONS='-c client_min_messages=warning -c jit=off -c max_parallel_workers_per_gather=0 -c synchronous_commit=off'
	F=$PA_WORK/figures
	mkdir -p "$F"
}

# bench_server SETTINGS starts the server, its database "bench" empty
bench_server()
{
	pa_start_server "$PA_WORK/bench" "shared_buffers = 2GB
max_wal_size = 16GB
checkpoint_timeout = 1h
autovacuum = off
$1"
	sql -d postgres -c 'CREATE DATABASE bench'
	export PGDATABASE=bench
}

sql()
{
	psql -X -q -A -t -v ON_ERROR_STOP=1 "$@" || pa_fail "a statement failed" "$PA_WORK/bench/server.log"
}

# milliseconds keeps of what psql prints how long each statement took, in ms
milliseconds()
{
	sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p'
}

# in_turn SETUP NAME STATEMENT... appends to the file of each NAME how long its STATEMENT took, in
# ROUNDS rounds of a session that ran SETUP
in_turn()
{
	local round setup=$1 script=$F/script names=() i

	shift
	{
		printf '%s\n' "$setup" '\timing on'
		for ((round = 0; round < rounds; round++)); do
			for ((i = 1; i < $#; i += 2)); do printf '%s;\n' "${@:i+1:1}"; done
		done
	} >"$script"
	for ((i = 1; i < $#; i += 2)); do names+=("${@:i:1}"); done
	i=0
	sql -f "$script" | milliseconds | while read -r ms; do
		echo "$ms" >>"$F/${names[i++ % ${#names[@]}]}"
	done
}

# first_of NAME BEFORE STATEMENT: the same of STATEMENT in a new session that has run BEFORE
first_of()
{
	printf '%s\n' "$2" '\timing on' "$3;" | sql | milliseconds | head -n 1 >>"$F/$1"
}

# figure DIVISOR NAME [MINUS] prints median and quartiles of NAME, less MINUS of the same round
figure()
{
	paste "$F/$2" "$F/${3:-$2}" | perl -ne '
		BEGIN { $divisor = shift; $minus = shift; }
		my ($value, $other) = split;
		push @v, ($value - ($minus ? $other : 0)) * $divisor;
		END
		{
			@v = sort { $a <=> $b } @v;
			my $form = abs($v[$#v / 2]) < 10 ? "%.2f" : "%.0f";
			printf "$form ($form to $form)", $v[$#v / 2], $v[$#v / 4], $v[3 * $#v / 4];
		}' "$1" "${3:+1}"
}
