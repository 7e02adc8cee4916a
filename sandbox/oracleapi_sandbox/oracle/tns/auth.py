"""The two authentication calls: the 12c verifier's challenge and response, proxies, password changes.

Phase one answers a challenge for known and unknown users alike; phase two proves the password. Source: the 12c scheme
as python-oracledb thin runs it [M].
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from oracleapi_sandbox.oracle.ports import Account, Database, OracleError, Session, Verifier
from oracleapi_sandbox.oracle.tns import responses
from oracleapi_sandbox.oracle.tns.cursors import MAX_OPEN_CURSORS
from oracleapi_sandbox.oracle.tns.messages import Auth
from oracleapi_sandbox.oracle.verifier import ROUNDS, SALT_BYTES, matches

VERIFIER_12C = 0x4815
MODE_CHANGE_PASSWORD = 0x2
MODE_SYSDBA, MODE_SYSOPER = 0x20, 0x40
SESSION_ROUNDS = 3
_NONCE_BYTES = 16
_PROOF = b"SERVER_TO_CLIENT"
GRACE_TEXT = "ORA-28002: the password will expire soon"


def logon_denied() -> OracleError:
    return OracleError(1017, "invalid username/password; logon denied")


@dataclass
class Challenge:
    """What phase one sent, and the key that phase two agreed on."""

    user: str
    account: Account | None
    verifiers: tuple[Verifier, ...]
    encrypted_key: bytes
    key_salt: bytes = field(default_factory=lambda: secrets.token_bytes(_NONCE_BYTES))
    combo_key: bytes = b""
    by_old_password: bool = False

    @property
    def salt(self) -> bytes:
        return self.verifiers[0].salt


@dataclass(frozen=True)
class Login:
    """A session that was opened and the answer that tells the client."""

    session: Session
    response: bytes


class Authenticator:
    """Authenticates one connection to *database* as *service*."""

    def __init__(self, database: Database, service: str) -> None:
        self._database = database
        self._service = service
        self._challenge: Challenge | None = None

    def phase_one(self, call: Auth) -> bytes:
        """Answer with the challenge: an encrypted session key and the verifier's parameters."""
        user = normal_name(call.user)
        account = self._database.account(user)
        verifiers = account.verifiers if account and account.verifiers else (_decoy(),)
        secret = secrets.token_bytes(32)
        challenge = Challenge(user, account, verifiers, _encrypt(_verifier_key(verifiers[0]), secret))
        self._challenge = challenge
        pairs = {
            "AUTH_SESSKEY": _hex(challenge.encrypted_key),
            "AUTH_VFR_DATA": _hex(challenge.salt),
            "AUTH_PBKDF2_CSK_SALT": _hex(challenge.key_salt),
            "AUTH_PBKDF2_VGEN_COUNT": str(ROUNDS),
            "AUTH_PBKDF2_SDER_COUNT": str(SESSION_ROUNDS),
        }
        return responses.auth_parameters(pairs, {"AUTH_VFR_DATA": VERIFIER_12C}) + responses.status(False)

    def phase_two(self, call: Auth) -> Login:
        """Check the password, change it if asked, and open the session.

        Raises:
            OracleError: 1017, 28000 (locked), 28001 (expired), what a password change or the session refuses.
        """
        challenge = self._challenge
        if challenge is None or normal_name(call.user) != challenge.user:
            raise OracleError(3106, "fatal two-task communication protocol error")
        self._check_password(challenge, call)
        account = challenge.account
        assert account is not None
        if call.mode & MODE_CHANGE_PASSWORD:
            self.change_password(call)
            challenge.by_old_password = False
        elif "EXPIRED" in account.status and "GRACE" not in account.status:
            raise OracleError(28001, "the password has expired")
        session = self._open(challenge.user, call)
        self._database.login_succeeded(challenge.user)
        # the log-on after the password's life time is the one that begins the grace time [D]
        return Login(session, self._welcome(challenge, self._database.account(challenge.user) or account, session))

    def change_password(self, call: Auth) -> None:
        """Change the password of the user who is known by now, as ALTER USER … REPLACE would.

        Raises:
            OracleError: 28008 (wrong old password), what the change refuses.
        """
        challenge = self._challenge
        assert challenge is not None
        old = _password(challenge, call, "AUTH_PASSWORD")
        if not old:
            raise OracleError(28008, "invalid old password")
        self._database.change_password(challenge.user, _new_password(challenge, call), old_password=old)

    def _check_password(self, challenge: Challenge, call: Auth) -> None:
        account = challenge.account
        if account is None or not account.verifiers or call.mode & (MODE_SYSDBA | MODE_SYSOPER):
            if account is not None and not call.mode & (MODE_SYSDBA | MODE_SYSOPER):
                self._database.login_failed(challenge.user)
            raise logon_denied()
        if "LOCKED" in account.status:
            raise OracleError(28000, "The account is locked.")
        if not _prove(challenge, call):
            self._database.login_failed(challenge.user)
            raise logon_denied()

    def _open(self, user: str, call: Auth) -> Session:
        target = call.pairs.get("PROXY_CLIENT_NAME")
        client, proxy = (normal_name(target), user) if target else (user, None)
        old = self._challenge is not None and self._challenge.by_old_password
        session = self._database.open_session(client, proxy_user=proxy, old_password=old)
        for statement in call.pairs.get("AUTH_ALTER_SESSION", "").split("\0"):
            if statement.strip():
                session.execute(statement.strip())
        return session

    def _welcome(self, challenge: Challenge, account: Account, session: Session) -> bytes:
        proof = _encrypt(challenge.combo_key, _padded(secrets.token_bytes(_NONCE_BYTES) + _PROOF))
        pairs = {
            "AUTH_SESSION_ID": str(session.session_id),
            "AUTH_SERIAL_NUM": str(session.serial & 0xFFFF),
            "AUTH_VERSION_NO": str(version_number(self._database.version)),
            "AUTH_SVR_RESPONSE": _hex(proof),
            "AUTH_MAX_OPEN_CURSORS": str(MAX_OPEN_CURSORS),
            "AUTH_MAX_IDEN_LENGTH": "128",
            "AUTH_SC_SERVICE_NAME": self._service,
            "AUTH_SC_DBUNIQUE_NAME": self._database.name,
            "AUTH_INSTANCENAME": self._database.name,
            "AUTH_SC_DB_DOMAIN": "",
        }
        grace = responses.warning(28002, GRACE_TEXT) if "GRACE" in account.status else b""
        return grace + responses.auth_parameters(pairs, {}) + responses.status(session.in_transaction)


def normal_name(name: str) -> str:
    """Return a user name as the dictionary has it: upper-case unless it is quoted."""
    if len(name) >= 2 and name[0] == name[-1] == '"':
        return name[1:-1]
    return name.upper()


def version_number(version: str) -> int:
    """Encode ``19.22.0.0.0`` as field versions of 18c and later carry it: 8, 8, 4, 8 and 4 bits."""
    parts = [int(part) for part in version.split(".")] + [0] * 5
    return parts[0] << 24 | parts[1] << 16 | parts[2] << 12 | parts[3] << 4 | parts[4]


def _decoy() -> Verifier:
    """A verifier that nobody's password fits, so that unknown users look like known ones."""
    return Verifier(secrets.token_bytes(SALT_BYTES), secrets.token_bytes(64))


def _prove(challenge: Challenge, call: Auth) -> bool:
    """Find the verifier that the client's password fits, and keep the combo key that goes with it.

    In a password rollover there are two. The client used the salt that it was sent, so the older one can only fit if
    it has the same salt.
    """
    for verifier in challenge.verifiers:
        if verifier.salt != challenge.salt:
            continue
        challenge.combo_key = _combo_key(challenge, verifier, call.pairs.get("AUTH_SESSKEY", ""))
        password = _password(challenge, call, "AUTH_PASSWORD")
        if password is not None and matches(verifier, password):
            challenge.by_old_password = verifier is not challenge.verifiers[0]
            return True
    return False


def _combo_key(challenge: Challenge, verifier: Verifier, client_key: str) -> bytes:
    """Derive the key of both halves: the client's first."""
    key = _verifier_key(verifier)
    server_half = _decrypt(key, challenge.encrypted_key)
    client_half = _decrypt(key, _unhex(client_key)[:32])
    both = _hex(client_half + server_half).encode()
    return hashlib.pbkdf2_hmac("sha512", both, challenge.key_salt, SESSION_ROUNDS, 32)


def _new_password(challenge: Challenge, call: Auth) -> str:
    password = _password(challenge, call, "AUTH_NEWPASSWORD")
    if not password:
        raise OracleError(988, "missing or invalid password(s)")
    return password


def _password(challenge: Challenge, call: Auth, key: str) -> str | None:
    """Decrypt a password; ``None`` when it was not encrypted with the agreed key."""
    data = _unpadded(_decrypt(challenge.combo_key, _unhex(call.pairs.get(key, ""))))
    if data is None or len(data) < _NONCE_BYTES:
        return None
    try:
        return data[_NONCE_BYTES:].decode()
    except UnicodeDecodeError:
        return None


def _verifier_key(verifier: Verifier) -> bytes:
    return hashlib.sha512(verifier.key + verifier.salt).digest()[:32]


def _cipher(key: bytes) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES(key), modes.CBC(bytes(16)))


def _encrypt(key: bytes, data: bytes) -> bytes:
    encryptor = _cipher(key).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def _decrypt(key: bytes, data: bytes) -> bytes:
    decryptor = _cipher(key).decryptor()
    return decryptor.update(data[: len(data) // 16 * 16]) + decryptor.finalize()


def _padded(data: bytes) -> bytes:
    count = 16 - len(data) % 16
    return data + bytes((count,)) * count


def _unpadded(data: bytes) -> bytes | None:
    if not data or not 1 <= data[-1] <= 16:
        return None
    body, padding = data[: -data[-1]], data[-data[-1] :]
    return body if hmac.compare_digest(padding, bytes((data[-1],)) * data[-1]) else None


def _hex(data: bytes) -> str:
    return data.hex().upper()


def _unhex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""
