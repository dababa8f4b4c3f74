#!/usr/bin/env python3
"""Reads and verifies a bundle: a second implementation, made from docs/bundle-format.md alone.

usage: read-bundle.py BUNDLE PUBLIC-KEY(64 hexadecimal digits) | prints JSON: id, signers, payloads with their SHA-256
Needs nothing but Python and the zstd program. Not meant for use: it holds the file in memory and takes its time.
"""
import hashlib, json, struct, subprocess, sys


def refuse(reason):
    sys.exit("refused: " + reason)


# Ed25519 (RFC 8032, section 5.1), verification only.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(a, b):
    (x1, y1, z1, t1), (x2, y2, z2, t2) = a, b
    e, f = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    g, h = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    return ((f - e) * (h - g) % P, (h + g) * (f + e) % P, (h - g) * (h + g) % P, (f - e) * (f + e) % P)


def multiply(n, point):
    result = (0, 1, 1, 0)
    while n:
        if n & 1:
            result = add(result, point)
        point = add(point, point)
        n >>= 1
    return result


def decode(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P:
        refuse("no point of the curve")
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


def is_valid(key, message, signature):
    base = decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    if s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % L
    left, right = multiply(s, base), add(decode(r), multiply(k, decode(key)))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


def canonical(data):
    def members(pairs):
        if len({name for name, _ in pairs}) != len(pairs):
            refuse("a member occurs twice")
        return dict(pairs)

    value = json.loads(data, object_pairs_hook=members)
    if json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() != data:
        refuse("JSON is not canonical")
    return value


def main(path, key):
    data = open(path, "rb").read()
    if data[:8] != bytes.fromhex("89415055530D0A1A"):
        refuse("not a bundle")
    version, m, s, t = struct.unpack_from("<IIII", data, 8)
    if version != 1 or m > 262144 or s > 4096 or t > 1048576 or len(data) < 24 + m + s + t:
        refuse("header")
    manifest_bytes, rest = data[24 : 24 + m], data[24 + m :]
    signatures, table = canonical(rest[:s]), rest[s : s + t]

    key_id = hashlib.sha256(key).hexdigest()[:16]
    message = b"Apus bundle manifest, format 1\0" + manifest_bytes
    signers = []
    for entry in signatures:
        if entry["key"] == key_id:
            if not is_valid(key, message, bytes.fromhex(entry["signature"])):
                refuse("wrong signature")
            signers.append(key_id)
    if not 1 <= len(signatures) <= 16 or not signers:
        refuse("not signed by the key")

    manifest = canonical(manifest_bytes)
    content = {name: value for name, value in manifest.items() if name != "id"}
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    if manifest["format"] != 1 or manifest["id"] != hashlib.sha256(text).hexdigest():
        refuse("manifest")
    if hashlib.sha256(table).hexdigest() != manifest["chunkTable"]:
        refuse("chunk table")
    if len(table) != 56 * sum(payload["chunks"] for payload in manifest["payloads"]):
        refuse("number of chunks")

    position, record, payloads = 24 + m + s + t, 0, []
    for payload in manifest["payloads"]:
        whole = b""
        for _ in range(payload["chunks"]):
            size, stored_size = struct.unpack_from("<II", table, record)
            digest, stored_digest = table[record + 8 : record + 40], table[record + 40 : record + 56]
            record += 56
            if not 1 <= size <= 1048576 or stored_size > size or (payload["name"] == "slot" and len(whole) % 4096):
                refuse("chunk's place or size")
            stored = data[position : position + stored_size]
            position += stored_size
            if len(stored) != stored_size or hashlib.sha256(stored).digest()[:16] != stored_digest:
                refuse("stored bytes")
            if stored_size == 0:
                chunk = bytes(size)
            elif stored_size == size:
                chunk = stored
            else:
                chunk = subprocess.run(["zstd", "-dc"], input=stored, stdout=subprocess.PIPE, check=True).stdout
            if len(chunk) != size or hashlib.sha256(chunk).digest() != digest:
                refuse("content")
            whole += chunk
        if len(whole) != payload["size"] or hashlib.sha256(whole).hexdigest() != payload["sha256"]:
            refuse("payload")
        payloads.append({"name": payload["name"], "size": len(whole), "sha256": hashlib.sha256(whole).hexdigest()})
    if position != len(data):
        refuse("bytes behind the end")
    print(json.dumps({"id": manifest["id"], "signers": signers, "payloads": payloads}))


main(sys.argv[1], bytes.fromhex(sys.argv[2]))
