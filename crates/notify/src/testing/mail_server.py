"""A mail server for tests: aiosmtpd on a free port of loopback. Prints its port, then each mail as a line of JSON.

What it does with a mail is read, one word a line, from the file `plan` in the given folder and taken off it: `take`,
`refuse` (550), `later` (451), `hang` (never answers), `drop` (takes it and breaks the line before saying so). Where the
file is empty it takes everything.
"""
import asyncio
import json
import pathlib
import ssl
import sys
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

folder = pathlib.Path(sys.argv[1])
settings = json.loads((folder / "settings.json").read_text())


def planned():
    path = folder / "plan"
    words = path.read_text().split() if path.exists() else []
    path.write_text("\n".join(words[1:]))
    return words[0] if words else "take"


class Handler:
    async def handle_DATA(self, server, session, envelope):
        word = planned()
        if word == "refuse":
            return "550 5.1.1 no such mailbox"
        if word == "later":
            return "451 4.3.0 try again"
        if word == "hang":
            await asyncio.sleep(3600)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        parts = {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}
        print(json.dumps({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": {name.lower(): str(value) for name, value in mail.items()},
            "text": parts.get("text/plain", ""),
            "html": parts.get("text/html", ""),
            "tls": bool(session.ssl),
            "user": (session.auth_data.login.decode() if session.auth_data else None),
        }), flush=True)
        if word == "drop":
            server.transport.abort()
            await asyncio.sleep(3600)
        return "250 2.0.0 taken"


def authenticate(server, session, envelope, mechanism, data):
    if not isinstance(data, LoginPassword):
        return AuthResult(success=False, handled=False)
    right = (data.login.decode(), data.password.decode()) == (settings["user"], settings["password"])
    # What is not handled is answered with 535 by aiosmtpd.
    return AuthResult(success=right, handled=right, auth_data=data)


async def main():
    context = None
    if settings["tls"]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")

    def smtp():
        return SMTP(
            Handler(),
            hostname="localhost",
            tls_context=context,
            require_starttls=context is not None,
            authenticator=authenticate,
            auth_required=bool(settings["user"]),
            auth_require_tls=context is not None,
            enable_SMTPUTF8=True,
        )

    server = await asyncio.get_running_loop().create_server(smtp, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
