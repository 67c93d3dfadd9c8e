#!/usr/bin/env python3
"""Is an audit trail of protaddr what was written?  Needs no database: python3 and openssl.

    audit_verify.py [--key PUBLIC_KEY]... [--anchor 'protaddr audit 1 NODE SEQ HASH']... FOLDER...

A record is a line: SHA-256, a blank, a JSON object.  The hash is of the bytes of the hash
before it (32 of 0 at first) and of the object's.  Checkpoints sign it (Ed25519); without
--key whoever signed is believed, and then only an anchor proves anything.  Several
folders (a standby's, a copy kept elsewhere) are held against each other.  Prints a line for
each node of each folder; exit status 1 if one is not whole, or ends in a torn record.
"""
import argparse, hashlib, json, os, re, subprocess, sys, tempfile

def signature_holds(key, signature, text):
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ("key", "signature", "text")]
        for path, data in zip(paths, (bytes.fromhex("302a300506032b6570032100" + key), bytes.fromhex(signature), text.encode())):
            with open(path, "wb") as out:
                out.write(data)
        return subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", paths[0], "-rawin",
                               "-in", paths[2], "-sigfile", paths[1]], capture_output=True).returncode == 0

def follow(node, paths, keys, known, anchors):
    """Gives (verdict, number of the record, last number, its hash, signed up to)."""
    before, seq, signed, marks, piece, begun = bytes(32), 0, 0, {}, None, False
    said = lambda verdict, at: (verdict, at, seq, before.hex(), signed)
    for path in paths:
        with open(path, "rb") as file:
            lines = file.read().split(b"\n")
        for number, line in enumerate(lines):
            if number == len(lines) - 1:
                if line:
                    return said("torn" if path == paths[-1] else "altered", seq + 1)
                break
            match = re.fullmatch(rb'([0-9a-f]{64}) (\{"node":"([0-9a-f]{16})","seq":([1-9][0-9]*),"at":".{27}","kind":"([a-z_]+)".*\})', line, re.S)
            record = None
            try:
                record = json.loads(match[2]) if match else None
            except ValueError:
                pass
            if record and not begun:
                begun, seq = True, record["seq"] - 1
                if seq > 0 and record["kind"] != "file":
                    return said("missing", seq)
                before = bytes.fromhex(record["after"]) if seq > 0 else before
            digest = hashlib.sha256(before + match[2]).digest() if record else None
            if record is None or (digest.hex() != match[1].decode() and record["seq"] == seq + 1):
                if piece is not None:
                    return said("altered", seq + 1)
                piece = line
                continue
            if digest.hex() != match[1].decode() or record["node"] != node:
                return said("altered" if piece is not None else "repeated" if record["seq"] <= seq or record["node"] != node else "missing", seq + 1)
            if record["seq"] != seq + 1:
                return said("altered", seq + 1)
            if piece is not None or record["kind"] == "torn":
                if record["kind"] != "torn" or piece is None or record["bytes"] != len(piece) or record["digest"] != hashlib.sha256(piece).hexdigest():
                    return said("altered", seq + 1)
                piece = None
            if record["kind"] == "checkpoint":
                of = record["of"]
                hash_of = before if of == seq else marks.get(of)
                if hash_of is not None:
                    text = "protaddr audit 1 %s %d %s" % (node, of, hash_of.hex())
                    if (keys and record["key"] not in keys) or not signature_holds(record["key"], record["signature"], text):
                        return said("forged", seq + 1)
                    signed = max(signed, of)
            seq, before = record["seq"], digest
            if record["kind"] == "mark":
                marks[seq] = digest
            # the same number, another record: here, in another folder, or in what somebody kept
            if known.setdefault((node, seq), digest.hex()) != digest.hex():
                return said("forked", seq)
    if piece is not None:
        return said("altered", seq + 1)
    if any(n == node and s > seq for n, s in anchors):
        return said("missing", seq + 1)
    return said("whole", 0)

def main():
    arguments = argparse.ArgumentParser(description="Verifies copies of protaddr's audit trail.")
    arguments.add_argument("--key", action="append", default=[])
    arguments.add_argument("--anchor", action="append", default=[])
    arguments.add_argument("folders", nargs="+")
    given = arguments.parse_args()
    known, bad, seen = {}, 0, set()
    for anchor in given.anchor:
        node, seq, digest = re.fullmatch(r"protaddr audit 1 ([0-9a-f]{16}) (\d+) ([0-9a-f]{64})", anchor).groups()
        known[(node, int(seq))] = digest
    anchors = list(known)
    for folder in given.folders:
        nodes = {}
        for name in sorted(os.listdir(folder), key=lambda name: (len(name), name)):
            if re.fullmatch(r"[0-9a-f]{16}\.\d{8,}\.trail", name):
                nodes.setdefault(name[:16], []).append(os.path.join(folder, name))
        for node, paths in sorted(nodes.items()):
            verdict, at, seq, digest, signed = follow(node, paths, list(given.key), known, anchors)
            seen.add(node)
            bad += verdict != "whole"
            print("%s: node %s: %s%s; last record %d, signed to %d, %s" %
                  (folder, node, verdict, " at record %d" % at if at else "", seq, signed, digest))
    for node in sorted({node for node, _ in anchors} - seen):
        bad += 1
        print("node %s: missing" % node)
    return 1 if bad else 0

if __name__ == "__main__":
    sys.exit(main())
