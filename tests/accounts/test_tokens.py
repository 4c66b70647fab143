"""What an access token must look like, and what forgeries look like."""

import base64
import hashlib
import hmac
import json
import time
import uuid

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from accounts import tickets, tokens
from accounts.authentication import principal_of
from accounts.checks import check_token_keys
from accounts.errors import InvalidToken
from accounts.models import Session
from tests.accounts.conftest import Api, another_device, bearer

pytestmark = pytest.mark.django_db

KEY = "k" * 64


@pytest.fixture(autouse=True)
def one_known_key(settings):
    settings.TOKEN_KEYS = [f"main:{KEY}"]


def me(token):
    return bearer(token).get("accounts/me/")


def code_of(answer):
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    return answer.json()["code"]


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


def signed(claims, key=KEY, algorithm="HS256", **header):
    return jwt.encode(claims, key, algorithm, {"kid": "main"} | header)


def encoded(part):
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def hand_made(header, claims, key=KEY):
    """A token that the library would refuse to make."""
    body = f"{encoded(header)}.{encoded(claims)}"
    mac = base64.urlsafe_b64encode(hmac.new(key.encode(), body.encode(), hashlib.sha256).digest()).decode().rstrip("=")
    return f"{body}.{mac}"


def public_key():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def test_the_real_token_works(alice):
    assert me(alice.tokens["access"]).json()["username"] == "alice"


def test_twenty_forged_tokens(alice):
    """S21: the algorithm and the key are ours to choose, whatever the header wishes."""
    real, claims = alice.tokens["access"], claims_of(alice.tokens["access"])
    head, body, mac = real.split(".")
    jwk = {"kty": "oct", "k": base64.urlsafe_b64encode(b"x" * 32).decode().rstrip("=")}
    forged = {
        "alg none": f"{encoded({'alg': 'none', 'kid': 'main'})}.{body}.",
        "alg None": f"{encoded({'alg': 'None', 'kid': 'main'})}.{body}.",
        "alg nOnE with a signature": f"{encoded({'alg': 'nOnE', 'kid': 'main'})}.{body}.{mac}",
        "no signature": f"{head}.{body}.",
        "two parts": f"{head}.{body}",
        "other claims, old signature": f"{head}.{encoded(claims | {'sub': str(uuid.uuid4())})}.{mac}",
        "another key": signed(claims, "x" * 64),
        "empty key": hand_made({"alg": "HS256", "kid": "main"}, claims, ""),
        "public key as secret": hand_made({"alg": "HS256", "kid": "main"}, claims, public_key()),
        "HS384": signed(claims, algorithm="HS384"),
        "HS512": signed(claims, algorithm="HS512"),
        "alg missing": hand_made({"kid": "main"}, claims),
        "alg RS256, really HS256": hand_made({"alg": "RS256", "kid": "main"}, claims),
        "jwk in the header": signed(claims, "x" * 64, jwk=jwk),
        "jku in the header": signed(claims, "x" * 64, jku="https://evil.example/keys.json"),
        "x5u in the header": signed(claims, "x" * 64, x5u="https://evil.example/chain.pem"),
        "kid unknown": signed(claims, kid="other"),
        "kid missing": jwt.encode(claims, KEY, "HS256"),
        "kid a path": hand_made({"alg": "HS256", "kid": "../../../../dev/null"}, claims, ""),
        "kid SQL": signed(claims, kid="' UNION SELECT 'x"),
        "kid a list": hand_made({"alg": "HS256", "kid": ["main"]}, claims),
        "kid a number": hand_made({"alg": "HS256", "kid": 0}, claims),
        "crit": hand_made({"alg": "HS256", "kid": "main", "crit": ["exp"]}, claims),
        "header a list": f"{encoded([])}.{body}.{mac}",
        "body a list": hand_made({"alg": "HS256", "kid": "main"}, []),
        "no JSON": "e30.e30.e30",
        "words": "not a token",
        "dots": "..",
        "other letters": "Ünïcödé.tökén.hérè",
        "endless": "a" * 100_000,
    }
    assert {name: code_of(me(token)) for name, token in forged.items()} == dict.fromkeys(forged, "invalid_token")


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "sid", "gen", "jti", "typ", "iat", "nbf", "exp"])
def test_every_claim_is_required(alice, claim):
    """S22."""
    claims = claims_of(alice.tokens["access"])
    assert me(signed(claims)).status_code == 200
    del claims[claim]
    assert code_of(me(signed(claims))) == "invalid_token"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other"},
        {"iss": "chatap"},
        {"aud": "other"},
        {"aud": ["chatapi", "other"]},
        {"sub": "alice"},
        {"sub": 1},
        {"sub": str(uuid.uuid4())},
        {"sid": "x"},
        {"sid": 7},
        {"gen": "1"},
        {"gen": True},
        {"gen": None},
        {"typ": "refresh"},
        {"typ": None},
        {"nbf": int(time.time()) + 3_600},
        {"iat": int(time.time()) + 3_600},
        {"exp": "soon"},
    ],
)
def test_every_claim_is_checked(alice, changes):
    """S22."""
    assert code_of(me(signed(claims_of(alice.tokens["access"]) | changes))) == "invalid_token"


def test_tokens_of_different_kinds_do_not_stand_for_each_other(api, alice):
    """S13, S23: each kind in each place; only the diagonal is let in."""
    challenge = api.log_in("alice").json()["challenge"]
    ticket = alice.client.post("accounts/ws-ticket/").json()["ticket"]
    kinds = {
        "access": alice.tokens["access"],
        "refresh": alice.tokens["refresh"],
        "challenge": challenge,
        "ticket": ticket,
    }

    def redeemed(token):
        try:
            return bool(tickets.redeem(token))
        except InvalidToken:
            return False

    places = {
        "access": lambda token: me(token).status_code == 200,
        "refresh": lambda token: Api().refresh(token).status_code == 200,
        "challenge": lambda token: Api().verify(token, "000000").json()["code"] == "invalid_code",
        "ticket": redeemed,
    }
    let_in = {(kind, place) for kind, token in kinds.items() for place, enter in places.items() if enter(token)}
    assert let_in == {(kind, kind) for kind in kinds}


def test_an_access_token_lives_ten_minutes_and_a_little_leeway(alice, clock):
    """S22, S28: the clocks of two servers may differ by seconds, not by half a minute."""
    token = another_device(alice).tokens["access"]
    clock.forward(seconds=600)
    assert me(token).status_code == 200
    clock.forward(seconds=30)
    answer = me(token)
    assert (code_of(answer), answer.json()["retry"]) == ("token_expired", "reauth")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YWxpY2U6cHc=", "Token x", "Bearer a b"])
def test_without_a_bearer_token_it_is_invalid(db, header):
    client = Api()
    if header is not None:
        client.credentials(HTTP_AUTHORIZATION=header)
    assert code_of(client.get("accounts/me/")) == "invalid_token"


def test_no_cookie_is_ever_looked_at(alice):
    """S26."""
    client = Api()
    for name in ("Authorization", "access", "sessionid", "token"):
        client.cookies[name] = alice.tokens["access"]
    assert code_of(client.get("accounts/me/")) == "invalid_token"


def test_public_calls_do_not_look_at_tokens(alice):
    client = bearer("rubbish")
    assert client.log_in("alice").status_code == 200


def test_keys_rotate_without_logging_anybody_out(alice, settings):
    """S24: the new key signs, the old one still verifies, until it is taken away."""
    settings.TOKEN_KEYS = [f"new:{'n' * 48}", f"main:{KEY}"]
    assert me(alice.tokens["access"]).status_code == 200
    pair = Api().refresh(alice.tokens["refresh"]).json()
    assert jwt.get_unverified_header(pair["access"])["kid"] == "new"
    settings.TOKEN_KEYS = [f"new:{'n' * 48}"]
    assert me(pair["access"]).status_code == 200
    assert code_of(me(alice.tokens["access"])) == "invalid_token"


@pytest.mark.parametrize(
    "keys",
    [
        [],
        ["main"],
        ["main:short"],
        [f":{KEY}"],
        [f"a.b:{KEY}"],
        [f"main:{KEY}", f"main:{KEY[::-1]}x"],
        ["main:" + "s" * 50],
    ],
)
def test_weak_keys_are_refused(settings, keys):
    """S24: a check that stops the start, and names no secret."""
    settings.SECRET_KEY, settings.TOKEN_KEYS = "s" * 50, keys
    faults = check_token_keys(None)
    assert faults
    assert KEY not in str(faults)


def test_good_keys_pass(settings):
    assert check_token_keys(None) == []


def test_tokens_tell_nothing_about_a_person(alice):
    """S39."""
    claims = claims_of(alice.tokens["access"])
    assert set(claims) == {"iss", "aud", "sub", "sid", "gen", "jti", "typ", "iat", "nbf", "exp"}
    assert (claims["sub"], claims["sid"]) == (str(alice.user.pk), alice.session)
    assert "alice" not in str(claims) + alice.tokens["refresh"]


def test_knowing_the_caller_costs_one_query(alice, django_assert_num_queries):
    """And one update the first time, then none for a minute."""
    with django_assert_num_queries(2):
        principal_of(alice.tokens["access"])
    with django_assert_num_queries(1):
        principal = principal_of(alice.tokens["access"])
        assert principal.user.username == "alice"
    assert str(principal.session_id) == alice.session


def test_a_request_for_me_costs_one_query(alice, django_assert_num_queries):
    alice.client.get("accounts/me/")
    with django_assert_num_queries(1):
        alice.client.get("accounts/me/")


def test_last_used_is_exact_to_a_minute(alice, clock):
    device = another_device(alice)
    principal_of(device.tokens["access"])
    clock.forward(seconds=61)
    principal_of(device.tokens["access"])
    used = Session.objects.get(pk=device.session).last_used_at
    assert abs((used - clock.moment).total_seconds()) < 0.01


def test_the_same_row_gives_the_same_pair(alice):
    session = Session.objects.get(pk=alice.session)
    assert tokens.pair_of(session) == tokens.pair_of(Session.objects.get(pk=alice.session))
    assert tokens.pair_of(session).access == alice.tokens["access"]
