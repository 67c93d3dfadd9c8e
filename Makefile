# protaddr: an address of a protected person cannot leave the database by accident
#
#	make && make install			build and install (PG_CONFIG=... chooses the server)
#	make installcheck				pg_regress, isolation and TAP, against a running server
#	make unit fuzz-smoke lint scan	checks that need no server
#	make reference				doc/reference.md and doc/errors.md, by a running server
#	.ci/run							all of it, on a private server of its own
#
# Out of tree:  mkdir b && cd b && make -f ../Makefile VPATH=..

EXTENSION = protaddr
MODULE_big = protaddr
PGFILEDESC = "protaddr - protected addresses"

# ---- sources, by room, the lower floors first --------------------------------

BASE_OBJS = \
	src/base/apart.o \
	src/base/blank.o \
	src/base/callers.o \
	src/base/context.o \
	src/base/database.o \
	src/base/digest.o \
	src/base/hooks.o \
	src/base/log_hygiene.o \
	src/base/new_id.o \
	src/base/own_tables.o \
	src/base/relation.o \
	src/base/settings.o

AUDIT_OBJS = \
	src/audit/append.o \
	src/audit/chain.o \
	src/audit/files.o \
	src/audit/own_change.o \
	src/audit/read.o \
	src/audit/record.o \
	src/audit/sign.o \
	src/audit/statement.o \
	src/audit/write.o

TEXT_OBJS = \
	src/text/character.o \
	src/text/charset_x.o \
	src/text/look_alike.o \
	src/text/name.o \
	src/text/piece.o \
	src/text/town.o

ADDRESS_OBJS = \
	src/address/codec.o \
	src/address/country.o \
	src/address/element.o \
	src/address/format.o \
	src/address/token.o

TYPE_OBJS = \
	src/type/address_io.o \
	src/type/input.o

KEYS_OBJS = \
	src/keys/aead.o \
	src/keys/crypto.o \
	src/keys/data_key.o \
	src/keys/kek.o \
	src/keys/kek_program.o \
	src/keys/key_functions.o \
	src/keys/keyed_id.o \
	src/keys/keyring.o \
	src/keys/reseal.o \
	src/keys/retire.o \
	src/keys/seal.o \
	src/keys/sealed_column.o

PERSON_OBJS = \
	src/person/fact_table.o \
	src/person/identifier.o \
	src/person/in_progress.o \
	src/person/known.o \
	src/person/link.o \
	src/person/picture.o \
	src/person/picture_build.o \
	src/person/protected.o \
	src/person/recorded.o \
	src/person/replica.o \
	src/person/subject.o \
	src/person/subject_type.o \
	src/person/told_of.o \
	src/person/unknown.o

REGISTER_OBJS = \
	src/register/bulk.o \
	src/register/counts.o \
	src/register/cpr_extract.o \
	src/register/cpr_field.o \
	src/register/cpr_form.o \
	src/register/difference.o \
	src/register/forget.o \
	src/register/gathered.o \
	src/register/in_order.o \
	src/register/load_cpr.o \
	src/register/load_rows.o \
	src/register/numbers.o \
	src/register/later.o \
	src/register/people.o \
	src/register/refusal.o \
	src/register/replace.o \
	src/register/write.o

BINDING_OBJS = \
	src/binding/bind.o \
	src/binding/bound_column.o \
	src/binding/bound_values.o

CLEARANCE_OBJS = \
	src/clearance/grant.o \
	src/clearance/processor.o \
	src/clearance/request.o \
	src/clearance/role.o \
	src/clearance/spent.o \
	src/clearance/unlock.o

LAW_OBJS = \
	src/law/ask.o \
	src/law/birth.o \
	src/law/channel.o \
	src/law/event.o \
	src/law/linked.o \
	src/law/proxy.o \
	src/law/reading.o \
	src/law/substitute.o \
	src/law/words.o

DOOR_OBJS = \
	src/door/disclosure.o \
	src/door/explain.o \
	src/door/proxy.o \
	src/door/recorded.o \
	src/door/release.o \
	src/door/reveal.o \
	src/door/show.o \
	src/door/subjects.o

GUARD_OBJS = \
	src/guard/alias.o \
	src/guard/derive.o \
	src/guard/encoded.o \
	src/guard/entry.o \
	src/guard/find.o \
	src/guard/form.o \
	src/guard/image.o \
	src/guard/index.o \
	src/guard/match.o \
	src/guard/place.o \
	src/guard/session_index.o \
	src/guard/shared_index.o \
	src/guard/source.o \
	src/guard/taken.o \
	src/guard/text_type.o \
	src/guard/unit.o \
	src/guard/words.o

MESSAGE_OBJS = \
	src/message/xml/iso_name.o \
	src/message/xml/iso_party.o \
	src/message/message.o \
	src/message/place.o \
	src/message/json/iso_json.o \
	src/message/json/json_names.o \
	src/message/json/json_scan.o \
	src/message/json/json_write.o \
	src/message/mt/swift_mt.o \
	src/message/mt/swift_party.o \
	src/message/xml/iso_write.o \
	src/message/xml/iso_xml.o

GATE_OBJS = \
	src/gate/arguments.o \
	src/gate/carry_out.o \
	src/gate/decision.o \
	src/gate/held.o \
	src/gate/held_list.o \
	src/gate/held_row.o \
	src/gate/hooks.o \
	src/gate/in_place.o \
	src/gate/ledger.o \
	src/gate/message_column.o \
	src/gate/payment.o \
	src/gate/plan.o \
	src/gate/put_off.o \
	src/gate/row.o \
	src/gate/scan.o \
	src/gate/state.o \
	src/gate/text_column.o

SWEEP_OBJS = \
	src/sweep/change.o \
	src/sweep/look.o \
	src/sweep/regate.o \
	src/sweep/run.o \
	src/sweep/sweep.o \
	src/sweep/write.o

EXPORT_OBJS = \
	src/export/declare.o \
	src/export/execute.o \
	src/export/explain.o \
	src/export/expression.o \
	src/export/file.o \
	src/export/function.o \
	src/export/lineage.o \
	src/export/origin.o \
	src/export/proxy.o \
	src/export/reading.o \
	src/export/row.o \
	src/export/verdict.o \
	src/export/ways_out.o

OBJS = \
	src/module.o \
	$(BASE_OBJS) \
	$(AUDIT_OBJS) \
	$(TEXT_OBJS) \
	$(ADDRESS_OBJS) \
	$(TYPE_OBJS) \
	$(KEYS_OBJS) \
	$(PERSON_OBJS) \
	$(REGISTER_OBJS) \
	$(BINDING_OBJS) \
	$(CLEARANCE_OBJS) \
	$(LAW_OBJS) \
	$(DOOR_OBJS) \
	$(GUARD_OBJS) \
	$(MESSAGE_OBJS) \
	$(GATE_OBJS) \
	$(SWEEP_OBJS) \
	$(EXPORT_OBJS)

# Neither PostgreSQL headers nor allocation: what unit tests and fuzzers run.
PURE_SRCS = \
	src/text/character.c \
	src/text/charset_x.c \
	src/text/look_alike.c \
	src/text/piece.c \
	src/text/town.c \
	src/address/codec.c \
	src/address/country.c \
	src/address/element.c \
	src/address/format.c \
	src/address/token.c \
	src/audit/append.c \
	src/audit/chain.c \
	src/audit/record.c \
	src/keys/aead.c \
	src/person/fact_table.c \
	src/person/subject.c \
	src/person/told_of.c \
	src/register/cpr_extract.c \
	src/register/cpr_field.c \
	src/register/cpr_form.c \
	src/guard/alias.c \
	src/guard/encoded.c \
	src/guard/image.c \
	src/guard/index.c \
	src/guard/match.c \
	src/guard/place.c \
	src/guard/unit.c \
	src/message/xml/iso_name.c \
	src/message/xml/iso_party.c \
	src/message/place.c \
	src/message/json/iso_json.c \
	src/message/json/json_names.c \
	src/message/json/json_scan.c \
	src/message/json/json_write.c \
	src/message/mt/swift_mt.c \
	src/message/mt/swift_party.c \
	src/message/xml/iso_write.c \
	src/message/xml/iso_xml.c

# SQL stands beside its C.  The install script is these, joined in this order.
SQL_PARTS = \
	src/base/base.sql \
	src/audit/audit.sql \
	src/type/type.sql \
	src/keys/keys.sql \
	src/person/person.sql \
	src/register/register.sql \
	src/register/load.sql \
	src/feed/feed.sql \
	src/feed/identifier.sql \
	src/feed/denmark.sql \
	src/feed/finland.sql \
	src/feed/netherlands.sql \
	src/feed/norway.sql \
	src/feed/sweden.sql \
	src/feed/switzerland.sql \
	src/binding/binding.sql \
	src/clearance/clearance.sql \
	src/clearance/processor.sql \
	src/law/law.sql \
	src/door/door.sql \
	src/door/proxy.sql \
	src/message/message.sql \
	src/gate/gate.sql \
	src/guard/words.sql \
	src/guard/guard.sql \
	src/sweep/sweep.sql \
	src/export/export.sql \
	src/export/proxy.sql \
	src/export/create.sql \
	src/export/file.sql \
	src/export/ways_out.sql \
	src/module.sql

# By name: under VPATH a wildcard finds no script, installs none, and succeeds.
DATA_built = protaddr--1.0.sql

# ---- tests, by name -----------------------------------------------------------

REGRESS = install own_tables contexts address_type address_ops show_format show_law keys reseal register \
	load_cpr cpr_forms delivery_rules delivery_kinds identity staging true_ends lift_limit load_bulk refused_load positive_evidence other_sources feeds feed_no feed_se feed_fi feed_nl feed_ch feed_dk feed_mutations history regime_codes review \
	bind bind_right subject_columns guard guard_forms export export_shapes export_collation export_stale names incoming ways_out channel law disclosure message gate gate_columns gate_text gate_echo gate_hold gate_in_place gate_move gate_install gate_kept gate_verify gate_warnings privileges \
	attack_reading attack_stored_code attack_identity attack_session attack_planner \
	unlock attack_unlock processor attack_errors attack_writing attack_outbound attack_move attack_held attack_binary attack_inference \
	attack_guard attack_register attack_sweep audit encoding sweep regate known_people unnoticed unnoticed_gate unnoticed_keys unnoticed_law decides decides_text
REGRESS_OPTS =

ISOLATION = bind gate gate_hold gate_kept gate_move guard_race history identity linked missed numbers permission protect register retire strangers_locks told_of
ISOLATION_OPTS = --inputdir=$(srcdir)/test

TAP_TESTS = 1
PROVE_TESTS = test/t/*.pl

# ---- how it is built ------------------------------------------------------------

PG_CPPFLAGS = -I$(srcdir)/src
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers
ifeq ($(WERROR),1)
PG_CFLAGS += -Werror
endif

# Hardened whatever the server was built with; test/check.sh looks whether it is.
HARDEN_CFLAGS = -fstack-protector-strong
HARDEN_CPPFLAGS = -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
HARDEN_LINK = -Wl,-z,relro -Wl,-z,now
PG_CPPFLAGS += $(HARDEN_CPPFLAGS)
PG_CFLAGS += $(HARDEN_CFLAGS)
SHLIB_LINK = -lcrypto -lexpat -lsodium $(HARDEN_LINK)

# COVERAGE=1 counts which lines run (test/coverage.pl).
ifeq ($(COVERAGE),1)
PG_CFLAGS += --coverage
SHLIB_LINK += --coverage
endif

# JIT has nothing to inline here (every call opens a seal or reads the register), and
# bitcode needs the one version of clang the server was built with.  with_llvm=yes on
# the command line builds it all the same.
ifneq ($(origin with_llvm),command line)
override with_llvm = no
endif

EXTRA_CLEAN = build_unit build_fuzz build_scan $(OBJS:.o=.gcno) $(OBJS:.o=.gcda)

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

protaddr--1.0.sql: $(SQL_PARTS)
	{ printf '%s\n' '-- complain if script is sourced in psql, rather than via CREATE EXTENSION' \
		'\echo Use "CREATE EXTENSION protaddr" to load this file. \quit'; \
		for part in $^; do printf '\n'; cat "$$part"; done; } >$@.tmp && mv $@.tmp $@

# Distributions build PostgreSQL without dependency tracking.
$(OBJS) $(OBJS:.o=.bc): $(wildcard $(srcdir)/src/*.h $(srcdir)/src/*/*.h $(srcdir)/src/*/*/*.h)

# Said here, because the compiler and the linker would not say which package it is.
ifneq ($(filter-out clean distclean maintainer-clean lint,$(or $(MAKECMDGOALS),all)),)
ifneq ($(shell printf '%s\n' '#include <expat.h>' 'int main(void) { return XML_ParserCreate(0) == 0; }' | $(CC) $(CPPFLAGS) -xc - -o /dev/null -lexpat >/dev/null 2>&1 && echo there),there)
$(error Expat is missing: install libexpat1-dev (Debian, Ubuntu) or expat-devel (Fedora, SUSE))
endif
ifneq ($(shell printf '%s\n' '#include <sodium.h>' 'int main(void) { return sodium_init(); }' | $(CC) $(CPPFLAGS) -xc - -o /dev/null -lsodium >/dev/null 2>&1 && echo there),there)
$(error libsodium is missing: install libsodium-dev (Debian, Ubuntu) or libsodium-devel (Fedora, SUSE))
endif
endif

# Phony, since under VPATH make would find the folders of the source tree and be content.
$(OBJS) $(OBJS:.o=.bc): | object-folders
.PHONY: object-folders
object-folders:
	@$(MKDIR_P) $(sort $(dir $(OBJS)))

# ---- checks without a server -------------------------------------------------------

FUZZ_CC = clang
FUZZ_SECONDS = 20
SANITIZE = address,undefined
PURE_CFLAGS = -std=gnu11 -g -O1 -fno-omit-frame-pointer -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers -I$(srcdir)/src
ifeq ($(WERROR),1)
PURE_CFLAGS += -Werror
endif
ifeq ($(COVERAGE),1)
UNIT_COVERAGE = --coverage
endif

UNIT_SRCS = $(sort $(wildcard $(srcdir)/test/unit/*.c))
FUZZ_SRCS = $(sort $(wildcard $(srcdir)/test/fuzz/fuzz_*.c))
PURE_LIBS = -lcrypto -lexpat -lsodium
UNIT_PROGRAMS = $(patsubst $(srcdir)/test/unit/%.c,build_unit/%,$(UNIT_SRCS))
FUZZ_PROGRAMS = $(patsubst $(srcdir)/test/fuzz/%.c,build_fuzz/%,$(FUZZ_SRCS))
UNIT_COMPILED = $(addprefix build_unit/,$(PURE_SRCS:.c=.o))
FUZZ_COMPILED = $(addprefix build_fuzz/,$(PURE_SRCS:.c=.o))
PURE_HEADERS = $(wildcard $(srcdir)/src/*.h $(srcdir)/src/*/*.h $(srcdir)/src/*/*/*.h)
UNIT_CC = $(CC) $(PURE_CFLAGS) $(UNIT_COVERAGE) -fsanitize=$(SANITIZE) -fno-sanitize-recover=all

# Each source is compiled once, and linked into every program.
$(UNIT_COMPILED): build_unit/%.o: $(srcdir)/%.c $(PURE_HEADERS)
	@$(MKDIR_P) $(@D)
	$(UNIT_CC) -c -o $@ $<

$(UNIT_PROGRAMS): build_unit/%: $(srcdir)/test/unit/%.c $(UNIT_COMPILED) $(PURE_HEADERS) $(wildcard $(srcdir)/test/unit/*.h)
	$(UNIT_CC) -o $@ $< $(UNIT_COMPILED) $(PURE_LIBS)

$(FUZZ_COMPILED): build_fuzz/%.o: $(srcdir)/%.c $(PURE_HEADERS)
	@$(MKDIR_P) $(@D)
	$(FUZZ_CC) $(PURE_CFLAGS) -fsanitize=fuzzer-no-link,$(SANITIZE) -fno-sanitize-recover=all -c -o $@ $<

$(FUZZ_PROGRAMS): build_fuzz/%: $(srcdir)/test/fuzz/%.c $(FUZZ_COMPILED) $(PURE_HEADERS) $(wildcard $(srcdir)/test/fuzz/*.h)
	$(FUZZ_CC) $(PURE_CFLAGS) -fsanitize=fuzzer,$(SANITIZE) -fno-sanitize-recover=all -o $@ $< $(FUZZ_COMPILED) $(PURE_LIBS)

.PHONY: unit unit-programs fuzz-programs fuzz-smoke lint scan

unit-programs: $(UNIT_PROGRAMS)
fuzz-programs: $(FUZZ_PROGRAMS)

# Each program prints its own verdicts, and may want our fixtures and the public reference
# data as its arguments; all run even if one fails.  Pure code allocates nothing, so a leak
# is the test's own affair.
unit: unit-programs
	@failed=0; for p in $(UNIT_PROGRAMS); do \
		echo "# unit $$p"; ASAN_OPTIONS=detect_leaks=0 "$$p" '$(srcdir)/test/data' $${PROTADDR_DATA:+"$$PROTADDR_DATA"} || { echo "# $$p failed"; failed=1; }; \
	done; exit $$failed

# First the corpus as it is, then new inputs for a while.  Finds go to build_fuzz, never
# into the source tree.
fuzz-smoke: fuzz-programs
	@failed=0; for p in $(FUZZ_PROGRAMS); do \
		name=$${p##*/fuzz_}; corpus="$(srcdir)/test/fuzz/corpus_$$name"; found="build_fuzz/found_$$name"; \
		$(MKDIR_P) "$$found"; test -d "$$corpus" || { echo "not ok - fuzz $$name: no corpus"; failed=1; continue; }; \
		if find "$$corpus" -type f -print0 | xargs -0 -r "$$p" -timeout=600 >"build_fuzz/$$name.log" 2>&1 && \
		   "$$p" $$(test ! -f '$(srcdir)'/test/fuzz/$$name.dict || echo "-dict=$(srcdir)/test/fuzz/$$name.dict") -max_total_time=$(FUZZ_SECONDS) -timeout=600 -rss_limit_mb=1024 -print_final_stats=1 \
				-artifact_prefix="build_fuzz/$${name}_" "$$found" "$$corpus" >>"build_fuzz/$$name.log" 2>&1; \
		then echo "ok - fuzz $$name"; \
		else echo "not ok - fuzz $$name"; tail -n 60 "build_fuzz/$$name.log"; failed=1; fi; \
	done; exit $$failed

# Writes doc/reference.md and doc/errors.md, by a running server on which this build is installed.
.PHONY: reference
reference:
	PG_CONFIG='$(PG_CONFIG)' perl '$(srcdir)/doc/generate.pl'

lint:
	@bash '$(srcdir)/test/lint.sh'

# clang's analyzer, a file at a time.  It needs no build, and takes longer than any.
SCANNED = $(addprefix build_scan/,$(OBJS:.o=.plist))
SCAN_CC = clang --analyze -Xclang -analyzer-werror --analyzer-output text

$(SCANNED): build_scan/%.plist: $(srcdir)/%.c $(PURE_HEADERS)
	@$(MKDIR_P) $(@D)
	$(SCAN_CC) $(CPPFLAGS) -o $@ $<
	@touch $@

scan: $(SCANNED)
