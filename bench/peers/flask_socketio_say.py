"""One event to all, by Flask-SocketIO on gevent: a POST to /say is told to every connection. Started by bench/ws.

    python flask_socketio_say.py PORT
"""
from gevent import monkey

monkey.patch_all()

import sys

from flask import Flask, request
from flask_socketio import SocketIO

app = Flask(__name__)
sockets = SocketIO(app, async_mode="gevent", cors_allowed_origins="*")


@app.post("/say")
def say():
    sockets.emit("event", request.get_data(as_text=True))
    return {}


sockets.run(app, host="127.0.0.1", port=int(sys.argv[1]))
