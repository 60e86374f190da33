"""Debian cron 3.0pl1 told plainly, twice: as its own loop over the minutes, and as a list of wall times.

An oracle for tests: it shares no code with `chalicelib`. All times are whole minutes since 1970, as
numbers: of UTC where they are called instants, of the clocks on the wall where they are called walls.
"""

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

DAY = 24 * 60
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_DAY = date(1970, 1, 1).toordinal()
BOUNDS = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)]
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]


class Job:
    """What entry.c reads from the five fields of a crontab line."""

    def __init__(self, expression):
        fields = expression.lower().split()
        minutes, hours, self.days, self.months, self.weekdays = map(self._values, fields, range(5))
        if self.weekdays & {0, 7}:
            self.weekdays |= {0, 7}
        self.follows_clocks = fields[0].startswith("*") or fields[1].startswith("*")  # MIN_STAR, HR_STAR
        self.both_days = fields[2].startswith("*") or fields[4].startswith("*")  # DOM_STAR, DOW_STAR
        self.times = {60 * hour + minute for hour in hours for minute in minutes}  # of the day
        self.times_in_order = sorted(self.times)

    @staticmethod
    def _values(field, position):
        low, high = BOUNDS[position]
        values = set()
        for term in field.split(","):
            body, _, step = term.partition("/")
            for number, name in [*enumerate(MONTHS, 1), *enumerate(WEEKDAYS)]:
                body = body.replace(name, str(number))
            start, _, end = (f"{low}-{high}" if body == "*" else body).partition("-")
            values.update(range(int(start), int(end or start) + 1, int(step or 1)))
        return values

    def runs_on(self, day):
        """Whether it runs on a day, counted since 1970."""
        it = date.fromordinal(FIRST_DAY + day)
        if it.month not in self.months:
            return False
        by_date, by_weekday = it.day in self.days, it.isoweekday() in self.weekdays
        return (by_date and by_weekday) if self.both_days else (by_date or by_weekday)

    def runs_at(self, wall):
        """Whether it runs when the clocks show *wall*."""
        return wall % DAY in self.times and self.runs_on(wall // DAY)

    def walls(self, start):
        """Yield all wall times from *start* on at which it runs, in order."""
        for day in count(start // DAY):
            if self.runs_on(day):
                yield from (day * DAY + time for time in self.times_in_order if day * DAY + time >= start)


class Clocks:
    """The clocks of a zone, and when they change between 2015 and 2199."""

    def __init__(self, name):
        zone = ZoneInfo(name)

        def ahead(instant):
            offset = (EPOCH + timedelta(minutes=instant)).astimezone(zone).utcoffset()
            return offset // timedelta(minutes=1)

        first, last = (minutes(datetime(year, 1, 1, tzinfo=UTC)) for year in (2015, 2200))
        self.changes, self.offsets = [], [ahead(first)]
        for tenth_day in range(first, last, 10 * DAY):
            if ahead(tenth_day) != self.offsets[-1]:
                days = range(tenth_day - 10 * DAY, tenth_day)
                at = bisect_right(days, 0, key=lambda instant: ahead(instant) != self.offsets[-1])
                self.changes.append(days[0] + at)
                self.offsets.append(ahead(tenth_day))

    def ahead(self, instant):
        """Return how many minutes the clocks are ahead of UTC."""
        return self.offsets[bisect_right(self.changes, instant)]

    def instants(self, wall):
        """Return the instants at which the clocks show *wall*: none in a gap, two in a repetition."""
        before, after = self.ahead(wall - DAY), self.ahead(wall + DAY)
        if before == after:
            return [wall - before]
        return sorted(wall - ahead for ahead in (before, after) if self.ahead(wall - ahead) == ahead)

    def end_of_gap(self, wall):
        """Return the instant at which clocks that skip *wall* jump over it."""
        return self.changes[bisect_right(self.changes, wall - DAY)]


def minutes(moment):
    """Return the whole minutes since 1970."""
    return (moment - EPOCH) // timedelta(minutes=1)


def next_runs(job, clocks, start, wanted):
    """Return the first *wanted* instants after *start*, from the wall times of the job.

    Clocks go back by an hour at most, so three hours before and after are looked at as well.
    """
    found = set()
    enough = None
    for wall in job.walls(start + clocks.ahead(start) - 180):
        if enough and wall > enough + 180:
            break
        shown = clocks.instants(wall)
        runs = shown if job.follows_clocks else shown[:1] or [clocks.end_of_gap(wall)]
        found.update(instant for instant in runs if instant > start)
        if len(found) >= wanted and not enough:
            enough = wall
    return sorted(found)[:wanted]


def minute_loop(job, clocks, start, end):
    """Yield the instants at which the main loop of cron.c starts the job, minute by minute."""
    virtual = start + clocks.ahead(start)
    for instant in range(start + 1, end + 1):
        now = instant + clocks.ahead(instant)
        jump = now - virtual
        if 0 < jump <= 5:  # some minutes late: run all that were missed
            ran = any(job.runs_at(wall) for wall in range(virtual + 1, now + 1))
            virtual = now
        elif 5 < jump <= 180:  # clocks went forward: wildcard jobs now, fixed ones as if in the gap
            missed = range(virtual + 1, now + 1)
            ran = job.runs_at(now) if job.follows_clocks else any(map(job.runs_at, missed))
            virtual = now
        elif -180 < jump <= 0:  # clocks went back: fixed jobs wait until the old time is reached
            ran = job.follows_clocks and job.runs_at(now)
        else:  # the clock was set
            ran = job.runs_at(now)
            virtual = now
        if ran:
            yield instant


def a_line(chance):
    """Return five random fields that entry.c takes; the hours of clock changes come often."""
    fields = []
    for position in range(5):
        if position > 1 and chance.random() < 0.5:
            fields.append("*")
        elif position == 1 and chance.random() < 0.5:
            fields.append(chance.choice(["*", "0", "1", "2", "0-3", "1,2", "23", "3", "*/2", "1-2"]))
        else:
            fields.append(",".join(_a_term(chance, position) for _ in range(chance.choice([1, 1, 1, 2, 3]))))
    return " ".join(fields)


def _a_term(chance, position):
    low, high = BOUNDS[position]
    start = chance.randint(low, high)
    end = chance.choice([start, min(high, start + 2), chance.randint(start, high)])
    names = {3: ["", *MONTHS], 4: [*WEEKDAYS, "7"]}.get(position, range(60))
    first, last = (
        str(chance.choice([value, names[value], str(names[value]).upper()])) for value in (start, end)
    )
    star = "*" + chance.choice(["", "/1", "/2", "/3", "/5", "/7", "/10", "/15", "/20", "/45", "/70"])
    span = f"{first}-{last}" + chance.choice(["", f"/{chance.randint(1, 9)}"])
    return chance.choice([star, first, span])


def a_start(chance, clocks, years):
    """Return a moment from 30 hours before to 3 hours after a change of the clocks; any if they never do."""
    first, last = (minutes(datetime(year, 1, 1, tzinfo=UTC)) for year in years)
    changes = [change for change in clocks.changes if first <= change < last]
    around = chance.choice(changes or [chance.randint(first, last)])
    return EPOCH + timedelta(minutes=around, seconds=chance.randint(-30 * 3600, 3 * 3600))
