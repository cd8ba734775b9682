"""Who may import whom: each room of the product, with the rooms that it may know.

A room is a folder; each file that lies beside the folders of a part is a room of its own. A row may
name only rooms that stand above it, so that arrows run one way and can't make a circle.
"""

from __future__ import annotations

from collections.abc import Iterator

from .modules import Graph

BACKEND = """
domain
domain/contract: domain
domain/state: domain domain/contract
domain/incidents/marks: domain
domain/incidents: domain domain/contract domain/incidents/marks
domain/api: domain domain/contract domain/state domain/incidents
domain/intake: domain domain/contract domain/api
domain/aws_jobs: domain domain/contract
domain/delivery: domain domain/incidents
domain/digests: domain domain/incidents domain/delivery
domain/pushing: domain domain/api

questions:
schedules.py: domain domain/contract domain/incidents

starting.py
logs.py: domain
metrics.py: domain logs.py

store/dynamo: domain
settings.py: store/dynamo
store/items: domain domain/contract domain/state domain/aws_jobs domain/incidents domain/delivery
    domain/digests store/dynamo
store/clients: domain domain/api domain/aws_jobs domain/incidents domain/delivery domain/digests
    store/dynamo store/items
store/incidents: domain domain/state domain/api domain/incidents domain/incidents/marks
    store/dynamo store/items
store/deliveries: domain domain/delivery store/dynamo
store/digests: domain domain/digests store/dynamo
store/listeners: domain domain/pushing store/dynamo
store/logs: domain store/dynamo store/items
store/posting: domain domain/contract domain/state store/dynamo store/items store/logs
store/lists: domain domain/contract domain/state domain/api store/dynamo store/items store/logs
store/overview: domain domain/contract domain/state domain/api store/dynamo store/items store/lists
store/timed: domain domain/state domain/api domain/incidents store/dynamo store/items store/lists
store/audit: domain domain/contract domain/state store/dynamo store/items store/posting store/lists
store/compacting: domain domain/state store/dynamo store/items store/audit store/lists
store/proof: domain domain/contract domain/state domain/incidents store/dynamo store/items
    store/posting store/lists store/audit

read/gateway:
read: domain domain/contract domain/state domain/api domain/incidents settings.py
    store/dynamo store/items store/clients store/incidents store/deliveries store/lists
    store/overview store/proof read/gateway

emit/pricing:
emit/identity: domain domain/contract
emit/counting: domain domain/contract emit/identity emit/pricing
emit/delivery: domain domain/contract emit/counting emit/identity
emit/lineage: domain domain/contract emit/counting emit/identity
emit/spans: domain domain/contract emit/pricing emit/counting emit/identity

assistants: domain questions read read/gateway
doors: domain domain/contract domain/api domain/intake store/dynamo store/clients read read/gateway
    emit/lineage emit/spans
openapi: domain/contract domain/api domain/intake questions read read/gateway doors
    assistants
delivering: domain domain/incidents domain/delivery store/dynamo store/deliveries
pushing: domain domain/contract domain/api domain/intake domain/pushing starting.py logs.py
    metrics.py settings.py store/dynamo store/clients store/deliveries store/listeners doors
timekeeping: domain domain/state domain/incidents domain/intake schedules.py store/dynamo
    store/items store/clients store/incidents store/timed doors
digesting: domain domain/api domain/incidents domain/delivery domain/digests starting.py
    logs.py metrics.py settings.py store/dynamo store/clients store/digests questions read
    assistants delivering
aws_jobs: domain domain/contract domain/state domain/api domain/intake domain/aws_jobs
    store/dynamo store/lists emit/counting doors

compacting: domain logs.py metrics.py settings.py store/dynamo store/compacting

writer.py: domain domain/contract starting.py logs.py metrics.py settings.py
    store/dynamo store/posting
api.py: domain starting.py logs.py metrics.py settings.py store/dynamo store/clients
    store/overview read assistants
sweeper.py: domain logs.py metrics.py settings.py store/dynamo store/lists
prover.py: domain logs.py metrics.py settings.py store/dynamo store/proof
acts.py: domain domain/contract domain/incidents store/incidents store/posting
teller.py: domain domain/incidents domain/intake starting.py logs.py metrics.py settings.py
    store/dynamo store/clients store/incidents store/posting store/proof doors acts.py
    delivering timekeeping
courier.py: domain domain/delivery starting.py logs.py metrics.py settings.py
    store/dynamo store/clients store/deliveries delivering
intake.py: domain starting.py logs.py metrics.py settings.py store/dynamo doors
account_events.py: domain starting.py logs.py metrics.py settings.py store/dynamo store/clients
    doors aws_jobs

emit: domain domain/contract emit/pricing emit/counting emit/delivery emit/identity emit/lineage
    emit/spans
"""

COMMAND = """
checkout.py
console: backend/domain backend/store/dynamo
cloudwatch: checkout.py backend/domain/contract backend/store/dynamo backend/store/items
analysts_app.py: checkout.py console
clients: console backend/domain backend/domain/contract backend/domain/aws_jobs
    backend/domain/incidents backend/domain/delivery backend/domain/digests
    backend/schedules.py
    backend/store/items backend/store/clients backend/emit/counting
sign_in: console backend/domain backend/domain/contract backend/domain/api
    backend/domain/intake backend/store/clients
producer: console backend/domain/contract
    backend/emit backend/emit/counting backend/emit/delivery backend/emit/identity
deploying: checkout.py console backend/domain/contract
account_checks: console deploying
recovering: console deploying
checks: console clients deploying backend/domain backend/domain/api backend/domain/state
    backend/domain/incidents backend/store/dynamo backend/store/audit backend/store/clients
    backend/store/deliveries backend/store/digests backend/store/proof
checks/live: console sign_in checks backend/emit/delivery backend/emit/identity

local/aws:
local/machine: console local/aws
local/edge: local/machine
local: checkout.py console analysts_app.py clients sign_in deploying checks
    local/machine local/edge backend/domain/intake
    backend/store/dynamo backend/store/clients backend/store/audit

demo/pipelines
demo/reporting: console backend/emit/delivery
demo/past: console demo/reporting backend/emit/delivery
demo/live: checkout.py local/machine demo/reporting demo/pipelines backend/emit
demo: console demo/reporting demo/past demo/live

commands: checkout.py console analysts_app.py clients sign_in producer deploying account_checks
    recovering checks checks/live local
    backend/domain backend/domain/contract backend/domain/api backend/domain/incidents
    backend/store/items backend/store/clients backend/store/lists
    backend/emit backend/emit/counting backend/emit/delivery backend/emit/identity
    backend/emit/lineage
mending: console checks backend/domain backend/domain/contract backend/domain/state
    backend/store/dynamo backend/store/items
    backend/store/lists backend/store/audit
assistant: console sign_in deploying backend/questions
telling: console clients sign_in deploying assistant checks
    backend/domain backend/domain/incidents backend/domain/delivery backend/delivering
    backend/questions backend/schedules.py
    backend/store/clients backend/store/deliveries backend/store/digests
operations.py: console commands mending assistant telling
command.py: console commands operations.py
"""

ANALYSTS_APP = """
clock.py
words.py
periods.py
session.py
browser
app_settings.py
sign_in: clock.py
api: periods.py session.py
frames: words.py periods.py
charts: words.py periods.py frames
context.py: periods.py session.py app_settings.py api frames charts
ui: words.py app_settings.py sign_in api charts context.py
filters: words.py periods.py session.py api context.py ui
pages/trends: words.py periods.py session.py api frames charts context.py ui filters
pages/failures: words.py periods.py api frames charts context.py ui filters
pages/jobs: words.py periods.py session.py api frames context.py ui filters
pages/job: words.py session.py api frames charts context.py ui filters
pages/cost: words.py api frames charts context.py ui filters
pages/clients: words.py api frames context.py ui filters
pages/incidents: words.py api frames context.py ui filters
pages/projects: words.py periods.py api frames charts context.py ui filters
warming.py: periods.py frames charts ui pages/trends pages/failures pages/jobs pages/job
main.py: clock.py session.py app_settings.py sign_in api context.py ui filters
app.py: browser sign_in warming.py
"""

SITE = """
lib
feeds: lib
components/page: lib feeds
components/figures: lib components/page
components/incidents: lib components/page components/figures
components/job: lib components/page components/figures
components/lists: lib feeds components/page
components/project: lib
components/costs: lib components/page components/figures
components/timeline: lib components/page components/figures components/job
views: lib feeds components/page components/figures components/incidents components/job
    components/lists components/project components/costs components/timeline
components/reference: lib
views/api: lib feeds components/page components/reference
views/incidents: lib feeds components/page components/figures components/incidents
    components/lists
views.js: views views/api views/incidents
main.js: lib feeds components/page views.js
"""

PARTS = {
    "backend/run_ledger": BACKEND,
    "infra/run_ledger_ops": COMMAND,
    "dashboard_app": ANALYSTS_APP,
    "static_site": SITE,
}


def arrows(part: str, rows: str) -> dict[str, set[str]]:
    """Return what each room of a part may import, both by path in the repository."""
    return {
        _path(part, room): {_path(part, name) for name in allowed.split()}
        for room, _, allowed in (
            row.partition(":") for row in rows.replace("\n    ", " ").splitlines() if row
        )
    }


def all_arrows() -> dict[str, set[str]]:
    """Return what each room of the product may import."""
    return {
        room: allowed
        for part, rows in PARTS.items()
        for room, allowed in arrows(part, rows).items()
    }


def misplaced(table: Graph) -> list[str]:
    """Return the arrows of a table that lead to a room which does not stand above."""
    above: set[str] = set()
    found = []
    for room, allowed in table.items():
        found += [f"{room} -> {target}" for target in sorted(allowed - above)]
        above.add(room)
    return found


def room_of(path: str) -> str:
    """Return the room that a module belongs to."""
    folder = path.rpartition("/")[0]
    return path if folder in PARTS and not path.endswith("__init__.py") else folder


def between_rooms(graph: Graph) -> Iterator[tuple[str, str, str]]:
    """Give each import from one room into another: the arrow's ends, then what imports what."""
    for module, targets in graph.items():
        for target in sorted(targets):
            start, end = room_of(module), room_of(target)
            if start != end:
                yield start, end, f"{module} imports {target}"


def breaches(graph: Graph, allowed: Graph) -> list[str]:
    """Return the imports between rooms that no arrow allows."""
    return [what for start, end, what in between_rooms(graph) if end not in allowed.get(start, ())]


def _path(part: str, name: str) -> str:
    if name.startswith("backend/"):  # a room of the backend, named from elsewhere
        return name.replace("backend/", "backend/run_ledger/", 1)
    return f"{part}/{name}"
