"""Where a deployment is: its stacks and its buckets, in all regions of its account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from infra.deploying.account import Account, enter, side_by_side
from infra.deploying.buckets import Bucket
from infra.deploying.plans import Seen
from infra.deploying.refusals import FORBIDDEN, code_of
from infra.deploying.stacks import Stack

if TYPE_CHECKING:
    from infra.deploying.plans import Standing
    from infra.deploying.reach import Operator
    from infra.deploying.wishes import Wish


@dataclass(frozen=True)
class Site:
    """One deployment in one account, whether it is there yet or not."""

    operator: Operator
    wish: Wish
    account: Account

    @property
    def home(self) -> Stack:
        """The stack that holds everything but the probers of further regions."""
        return Stack(self.operator, self.wish.region, self.wish.prefix)

    def prober(self, region: str) -> Stack:
        """Return the stack of the prober in a further region."""
        return Stack(self.operator, region, f"{self.wish.prefix}-prober")

    def bucket(self, region: str) -> Bucket:
        """Return the bucket that holds the code for a region."""
        number = self.account.number
        return Bucket(self.operator, self.wish.bucket(number, region), region, number)

    def see(self) -> Seen:
        """Look at every stack, in all regions that the account may use: a run may have died anywhere."""
        probers = side_by_side(self.account.regions, self._glance)
        return Seen(self.home.look(), {region: found for region, found in probers.items() if found})

    def _glance(self, region: str) -> Standing | None:
        """Look at the prober of a region; an organization may forbid regions that nobody wants to use."""
        try:
            return self.prober(region).look()
        except ClientError as error:
            if code_of(error) in FORBIDDEN:
                return None
            raise


def open_site(operator: Operator, wish: Wish) -> Site:
    """Return the site of a deployment; raises Halt where the operator's credentials do not lead there."""
    return Site(operator, wish, enter(operator, wish.region))
