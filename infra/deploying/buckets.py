"""The buckets that hold the code and the templates: one for each region, for Lambda wants it so."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.deploying.refusals import code_of
from infra.halting import Halt

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from infra.deploying.reach import Operator

CREATED_WITHOUT_PLACE = "us-east-1"  # S3 refuses the name of its first region there
ENCRYPTED = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
CLOSED = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)


@dataclass(frozen=True)
class Bucket:
    """A bucket of ours; every call says whose it must be, so that nobody else's is ever written to."""

    operator: Operator
    name: str
    region: str
    account: str

    @property
    def _s3(self) -> Any:
        return self.operator.client("s3", self.region)

    @property
    def _ours(self) -> dict[str, str]:
        return {"Bucket": self.name, "ExpectedBucketOwner": self.account}

    def exists(self) -> bool:
        """Tell whether it is there; raises Halt where it is somebody else's."""
        try:
            self._s3.head_bucket(**self._ours)
        except ClientError as error:
            if code_of(error) in {"404", "NoSuchBucket"}:
                return False
            if code_of(error) in {"403", "AccessDenied"}:
                raise Halt(self._taken) from error
            raise
        return True

    @property
    def _taken(self) -> str:
        return (
            f"The bucket {self.name} is not open to account {self.account}: if it is another's, choose "
            f"another STAGE; if it is yours, come as somebody who administers the account."
        )

    def ensure(self, tags: Mapping[str, str]) -> None:
        """Let it be there, encrypted and closed to the public; raises Halt where it is somebody else's."""
        if not self.exists():
            self._create()
        self._s3.put_public_access_block(**self._ours, PublicAccessBlockConfiguration=CLOSED)
        self._s3.put_bucket_encryption(**self._ours, ServerSideEncryptionConfiguration=ENCRYPTED)
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        self._s3.put_bucket_tagging(**self._ours, Tagging={"TagSet": pairs})

    def _create(self) -> None:
        place = {"CreateBucketConfiguration": {"LocationConstraint": self.region}}
        try:
            self._s3.create_bucket(
                Bucket=self.name, **({} if self.region == CREATED_WITHOUT_PLACE else place)
            )
        except ClientError as error:
            if code_of(error) == "BucketAlreadyExists":
                raise Halt(self._taken) from error
            if code_of(error) != "BucketAlreadyOwnedByYou":  # made by another run at this moment
                raise
        self._s3.get_waiter("bucket_exists").wait(Bucket=self.name)

    def home(self) -> str:
        """Return the home of the deployment that it belongs to, or nothing where that is not written."""
        try:
            tags = self._s3.get_bucket_tagging(**self._ours)["TagSet"]
        except ClientError as error:
            if code_of(error) == "NoSuchTagSet":
                return ""
            raise
        return next((str(tag["Value"]) for tag in tags if tag["Key"] == "home"), "")

    def put(self, path: Path, key: str) -> bool:
        """Upload a file unless *key*, which carries its hash, is there; return whether it was not.

        Raises Halt where the hash is another's: what is uploaded under it would be believed for ever.
        """
        try:
            self._s3.head_object(**self._ours, Key=key)
        except ClientError as error:
            if code_of(error) not in {"404", "NoSuchKey"}:
                raise
        else:
            return False
        content = path.read_bytes()
        if fingerprint(content) not in key:
            raise Halt(f"{path.name} is not what was built: something has changed it. Run this again.")
        self._s3.put_object(**self._ours, Key=key, Body=content)
        return True

    def url(self, key: str) -> str:
        """Return the address by which CloudFormation reads *key*."""
        return f"{self._s3.meta.endpoint_url}/{self.name}/{key}"

    def take(self, key: str) -> None:
        """Remove one object."""
        self._s3.delete_object(**self._ours, Key=key)

    def remove(self) -> None:
        """Remove it with all that is in it."""
        for page in self._s3.get_paginator("list_object_versions").paginate(**self._ours):
            for kind in ("Versions", "DeleteMarkers"):
                for entry in page.get(kind, []):
                    self._s3.delete_object(**self._ours, Key=entry["Key"], VersionId=entry["VersionId"])
        self._s3.delete_bucket(**self._ours)


def key_of(path: Path, prefix: str) -> str:
    """Return the key of a template: it carries the hash of its content."""
    return f"{prefix}-{fingerprint(path.read_bytes())}{path.suffix}"


def fingerprint(content: bytes) -> str:
    """Return the part of the hash that keys carry."""
    return hashlib.sha256(content).hexdigest()[:16]
