"""The gate as a mitmproxy addon: hooks only. Every hook is wrapped, because mitmproxy lets a request through when a
hook raises: an exception in a decision denies, one in an answer cuts it."""

import asyncio
import base64
import contextlib
import functools
import hmac
import secrets as random
import sys
import traceback
from collections.abc import Awaitable, Callable
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from mitmproxy.connection import Client
from mitmproxy.http import HTTPFlow, Response
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.tls import TlsData

from sidecar_addon.gate import answers, headers, secrets
from sidecar_addon.gate.events import Events
from sidecar_addon.gate.flights import Flight, Flights
from sidecar_addon.gate.identity import Claims, same
from sidecar_addon.gate.judge import Verdict, judge, judge_connect
from sidecar_addon.gate.local_page import HOST, LocalPage
from sidecar_addon.gate.policy import Policy
from sidecar_addon.gate.refusal import Refusal
from sidecar_addon.gate.settings import Settings
from sidecar_addon.gate.tokens import Token, matching
from sidecar_addon.hosts import HostError, normalise
from sidecar_addon.matching import REASONS, Request
from sidecar_addon.table import Grant, Route
