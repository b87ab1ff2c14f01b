"""Turns the second factor of the account with this password on, and prints a recovery code: it stands in for a code of an authenticator."""

import base64, hashlib, hmac, json, os, ssl, struct, sys, time, urllib.request


def call(path, body):
    request = urllib.request.Request(
        os.environ["HEROKU_HOST"] + path,
        json.dumps(body).encode(),
        {"authorization": "Bearer " + os.environ["HEROKU_API_KEY"], "content-type": "application/json"},
    )
    context = ssl.create_default_context(cafile=os.environ["NODE_EXTRA_CA_CERTS"])
    return json.load(urllib.request.urlopen(request, context=context))


# RFC 6238.
secret = call("/account/two-factor", {"password": sys.argv[1]})["secret"]
key = base64.b32decode(secret + "=" * (-len(secret) % 8))
digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
number = struct.unpack(">I", digest[digest[-1] & 15 :][:4])[0] & 0x7FFFFFFF
print(call("/account/two-factor/actions/confirm", {"code": "%06d" % (number % 1000000)})["recovery_codes"][0])
