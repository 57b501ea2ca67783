"""Random faults by seed for some minutes, against the pipeline in one process, with an account of every event.

python -m tests.faults.soak --minutes 30 --seed 1

Each round has a seed of its own, which is printed where something is wrong, and with which --rounds 1 plays it again.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import time
from collections import Counter
from datetime import timedelta

from deployment.audit.comparison import STAGES
from tests.fakes.faults import Fault, client_error, timeout
from tests.faults.accounting import audit
from tests.faults.scenarios import EVERY_KIND, WRONG_ANSWERS, Run, events, refused

REPORT_SECONDS = 60
AUDITED = ("expected", "found", "failed", "lost", "doubled", "copies")
TABLES = ("batch_write_item", "batch_get_item")


def play_round(seed: int) -> Run:
    """Play a round: faults at a share of all calls, poison, a kill, repeated batches, shard splits."""
    draw = random.Random(seed)
    run = Run.start()
    world, rate = run.world, draw.choice([0.02, 0.1, 0.25])
    stored = [kind for kind in EVERY_KIND if kind not in WRONG_ANSWERS]
    for fake in (world.stream, world.tracker, world.parameters):
        fake.faults.by_seed(draw, rate, EVERY_KIND)
    for faults in (*map(world.dynamodb.faults.__getitem__, TABLES), world.s3.faults["put_object"]):
        faults.by_seed(draw, rate, stored)
    # Where S3 and the queue fail at once, bad rows are lost, as an alarm says.
    world.queue.faults.by_seed(draw, rate, [Fault(after=timeout())])
    if draw.random() < 0.7:
        world.steps.kill(draw.randrange(1, 300), is_accepted=draw.random() < 0.5)
    run.forwarding.repeats = draw.choice([0, 0, 0.5, 1])
    refused(run)
    for burst in range(draw.randrange(1, 4)):
        sent = events(draw.randrange(1, 400), users=draw.choice([1, 5, 300]), first=1000 * burst)
        poison = {event["event_id"] for event in sent if draw.random() < draw.choice([0, 0, 0.05])}
        world.tracker.errors |= dict.fromkeys(poison, client_error("InvalidInputException", 400))
        run.ledger.poison |= poison
        run.ledger.good |= {event["event_id"] for event in sent} - poison
        size = draw.choice([1, 20, 500])
        for start in range(0, len(sent), size):
            world.post(*sent[start : start + size])
        if draw.random() < 0.3:
            world.stream.split()
        if draw.random() < 0.3:
            run.settle()
    run.settle()
    return run


def main() -> int:
    """Play rounds until the time is over, and print the sums."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1, help="of the first round; the others follow")
    parser.add_argument("--rounds", type=int, help="end after so many")
    settings = parser.parse_args()
    logging.disable(logging.CRITICAL)
    began, reported_at = time.monotonic(), 0.0
    figures, counts, simulated, sent, rounds, wrong = Counter[str](), Counter[str](), 0.0, 0, 0, 0
    audited: dict[str, Counter[str]] = {stage: Counter() for stage in STAGES}
    while time.monotonic() - began < 60 * settings.minutes and rounds != settings.rounds:
        seed = settings.seed + rounds
        run = play_round(seed)
        account, compared = run.account(), audit(run.world)
        rounds, simulated = rounds + 1, simulated + run.world.clock.now
        sent += sum(map(len, vars(run.ledger).values()))
        counts += Counter({"calls": run.world.steps.count, "requests": run.world.requests})
        counts += Counter({name: run.world.counts["forward"][name] for name in ("invocations", "retried")})
        figures += Counter(dict(zip(("lost", "doubled", "stuck", "unaccounted"), account.figures, strict=True)))
        for stage, stage_counts in compared.stages.items():
            audited[stage] += Counter(vars(stage_counts))
        if any(account.figures) or compared.unaccounted:
            print(f"seed {seed}: {account}, {compared}", flush=True)
            wrong += 1
        if time.monotonic() - reported_at > REPORT_SECONDS:
            reported_at = time.monotonic()
            print(f"{rounds} rounds, {sent} events, {dict(figures)}", flush=True)
    print(f"{rounds} rounds from seed {settings.seed} in {timedelta(seconds=round(time.monotonic() - began))}")
    print(f"{sent} events in {timedelta(seconds=round(simulated))} of simulated time; {dict(counts)}")
    print(" ".join(f"{name}={figures[name]}" for name in ("lost", "doubled", "stuck", "unaccounted")))
    for stage, total in audited.items():
        print(f"audit of the {stage}:", " ".join(f"{name}={total[name]}" for name in AUDITED))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
