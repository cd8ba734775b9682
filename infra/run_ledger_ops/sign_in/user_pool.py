"""People who may sign in: users of the pool, and their groups, which say what they see."""

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from run_ledger.domain import instants
from run_ledger.domain.api.access import ACT_GROUP, CLIENT_GROUP, STAFF_GROUP
from run_ledger.domain.exceptions import NotFound
from run_ledger.domain.instants import Instant
from run_ledger_ops.console.aws_errors import explain, words_of
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.terminal import clock
from run_ledger_ops.sign_in.access_options import Access, check_groups
from run_ledger_ops.sign_in.invitations import COGNITO_LIMIT

_ADDRESS = re.compile(r"[^\s@,;<>()\"\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
_LIMITS = {"LimitExceededException", "CodeDeliveryFailureException"}
_SECOND = instants.MICROSECONDS
_NOT_YET = "FORCE_CHANGE_PASSWORD"


class Invitation(Struct, frozen=True):
    """What an invitation changed."""

    is_new: bool
    joined: tuple[str, ...]
    left: tuple[str, ...]


class Person(Struct, frozen=True):
    """Somebody who may sign in, or was invited to."""

    email: str
    status: str
    is_enabled: bool
    groups: tuple[str, ...]


def address(text: str) -> str:
    """Return an e-mail address in small letters, as the pool compares it; OpsError if it is none.

    What stands there is not repeated: addresses stay out of whatever keeps what commands say.
    """
    if not text.isprintable() or not _ADDRESS.fullmatch(text):
        raise OpsError("that is no e-mail address, as in someone@acme.example.")
    return text.lower()


class People:
    """The people of a user pool."""

    def __init__(
        self,
        cognito: Any,
        pool_id: str,
        note_sign_out: Callable[[str, Instant], None] | None = None,
    ) -> None:
        """Work on the pool through *cognito*.

        *note_sign_out* is called with a person's ``sub`` and the instant from which on only new
        tokens count, so that the API can refuse those from before.
        """
        self._cognito = cognito
        self._note_sign_out = note_sign_out
        self._pool = {"UserPoolId": pool_id}

    def invite(
        self, email: str, access: Access, *, by_mail: bool = True, password: str | None = None
    ) -> Invitation:
        """Let somebody sign in and see what *access* says, and nothing else of ours.

        A new user gets a mail from Cognito, unless *by_mail* is false or the temporary *password*
        is given, which the caller then has to send.
        Doing it again only changes the groups. What they see less is taken from them first.
        """
        check_groups(access)
        user = self._find(email)
        if user is not None and not user["Enabled"]:
            raise OpsError(
                "this user is disabled, as `users remove` leaves one that it could not delete: "
                "remove it, then invite again."
            )
        before = frozenset(self._groups_of(email)) if user else frozenset()
        left = tuple(sorted(filter(_is_ours, before - access.groups)))
        joined = tuple(sorted(access.groups - before))
        for group in joined:
            self._make_group(group)
        if user is None:
            self._create(email, password, by_mail=by_mail)
        done = "was invited" if user is None else "is there"
        try:
            for group in left:
                self._cognito.admin_remove_user_from_group(**self._one(email), GroupName=group)
            if left and user is not None:
                self._note(user, self._cognito.admin_user_global_sign_out(**self._one(email)))
            for group in joined:
                self._cognito.admin_add_user_to_group(**self._one(email), GroupName=group)
        except (ClientError, BotoCoreError) as error:
            raise OpsError(
                f"the user {done}, but not all groups are right yet ({explain(error)}): the same "
                "command again does the rest."
            ) from error
        return Invitation(user is None, joined, left)

    def resend(self, email: str, password: str | None = None) -> None:
        """Let Cognito send the invitation once more, or set a new temporary *password*.

        Raises OpsError where somebody has signed in already.
        """
        user = self._find(email)
        if user is None:
            raise NotFound("nobody with that address was invited.")
        if user["UserStatus"] != _NOT_YET:
            raise OpsError("this user has signed in already, and needs no invitation any more.")
        if password is not None:
            self._cognito.admin_set_user_password(
                **self._one(email), Password=password, Permanent=False
            )
            return
        with _within_limit():
            self._cognito.admin_create_user(
                **self._one(email), MessageAction="RESEND", DesiredDeliveryMediums=["EMAIL"]
            )

    def remove(self, email: str) -> None:
        """Sign somebody out everywhere, disable the user, end each token, and delete the user."""
        user = self._find(email)
        if user is None:
            raise NotFound("nobody with that address may sign in.")
        try:
            last = user
            if user["Enabled"]:
                self._cognito.admin_user_global_sign_out(**self._one(email))
                last = self._cognito.admin_disable_user(**self._one(email))
            self._note(user, last)
        except (ClientError, BotoCoreError) as error:
            raise OpsError(
                f"the user is still there, and may be signed in ({explain(error)}): the same "
                "command again does the rest."
            ) from error
        try:
            self._cognito.admin_delete_user(**self._one(email))
        except (ClientError, BotoCoreError) as error:
            raise OpsError(
                f"the user can't sign in any more, but is still there ({explain(error)}): the "
                "same command again does the rest."
            ) from error

    def set_password(self, email: str, password: str) -> None:
        """Set a password for good, which only made-up people need: others choose their own."""
        self._cognito.admin_set_user_password(**self._one(email), Password=password, Permanent=True)

    def all(self) -> Iterator[Person]:
        """Give all people, in no particular order."""
        groups: dict[str, list[str]] = {}
        for group in self._pages("list_groups", "Groups"):
            name = group["GroupName"]
            for user in self._pages("list_users_in_group", "Users", GroupName=name):
                groups.setdefault(user["Username"], []).append(name)
        for user in self._pages("list_users", "Users"):
            attributes = {one["Name"]: one["Value"] for one in user.get("Attributes", [])}
            yield Person(
                attributes.get("email", user["Username"]),
                user["UserStatus"],
                user["Enabled"],
                tuple(sorted(groups.get(user["Username"], []))),
            )

    def _note(self, user: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """Note that tokens from before *answer*, that of the call that ended sessions, are void."""
        if self._note_sign_out is not None:
            attributes = {one["Name"]: one["Value"] for one in user.get("UserAttributes", [])}
            # Cognito's own clock has stamped the tokens, and stamps whole seconds.
            self._note_sign_out(attributes["sub"], instants.later(_time_of(answer), _SECOND))

    def _one(self, email: str) -> dict[str, str]:
        return {**self._pool, "Username": email}

    def _find(self, email: str) -> Any:
        try:
            return self._cognito.admin_get_user(**self._one(email))
        except self._cognito.exceptions.UserNotFoundException:
            return None

    def _groups_of(self, email: str) -> list[str]:
        pages = self._cognito.get_paginator("admin_list_groups_for_user").paginate(
            **self._one(email)
        )
        return [group["GroupName"] for page in pages for group in page["Groups"]]

    def _make_group(self, group: str) -> None:
        """Make a group where there is none."""
        with contextlib.suppress(self._cognito.exceptions.GroupExistsException):
            self._cognito.create_group(**self._pool, GroupName=group)

    def _create(self, email: str, password: str | None, *, by_mail: bool) -> None:
        delivery: dict[str, Any] = {"DesiredDeliveryMediums": ["EMAIL"]}
        if password is not None or not by_mail:
            delivery = {"MessageAction": "SUPPRESS"}
        if password is not None:
            delivery["TemporaryPassword"] = password
        with _within_limit():
            self._cognito.admin_create_user(
                **self._one(email),
                UserAttributes=[
                    {"Name": "email", "Value": email},
                    {"Name": "email_verified", "Value": "true"},
                ],
                **delivery,
            )

    def _pages(self, call: str, key: str, **more: str) -> Iterator[Any]:
        pages = self._cognito.get_paginator(call).paginate(
            **self._pool, **more, PaginationConfig={"PageSize": 60}
        )
        return (one for page in pages for one in page[key])


@contextlib.contextmanager
def _within_limit() -> Iterator[None]:
    """Say that Cognito's mails of the day are used up where it refuses to send one more."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] not in _LIMITS:
            raise
        raise OpsError(
            f"Cognito sends no more mails for now ({words_of(error)}). {COGNITO_LIMIT}"
        ) from error


def _time_of(answer: Mapping[str, Any]) -> Instant:
    """Return the time that AWS's answer bears, in its header; without one, this machine's."""
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return instants.from_datetime(parsedate_to_datetime(date)) if date else clock()


def _is_ours(group: str) -> bool:
    """Return whether a group says what its people see or may do; others are not our business."""
    return group in (STAFF_GROUP, ACT_GROUP) or group.startswith(CLIENT_GROUP)
