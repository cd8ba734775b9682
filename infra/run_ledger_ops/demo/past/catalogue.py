"""Who and what the demo pretends: clients, projects, pipelines, models and their prices."""

from dataclasses import dataclass

from run_ledger_ops.demo.past import mishaps
from run_ledger_ops.demo.past.mishaps import Mishap

_TOKENS_PER_PRICE = 1_000_000


@dataclass(frozen=True, slots=True)
class Model:
    """A made-up language model, priced in micro-dollars for a million tokens."""

    name: str
    input_price: int
    cached_price: int
    output_price: int

    def cost_microusd(self, *, input_tokens: int, cached_tokens: int, output_tokens: int) -> int:
        """Price some usage; `input_tokens` include the cached ones."""
        price = (
            (input_tokens - cached_tokens) * self.input_price
            + cached_tokens * self.cached_price
            + output_tokens * self.output_price
        )
        return (price + _TOKENS_PER_PRICE // 2) // _TOKENS_PER_PRICE


SMALL = Model("demo-small", input_price=100_000, cached_price=10_000, output_price=400_000)
MEDIUM = Model("demo-medium", input_price=400_000, cached_price=40_000, output_price=1_600_000)
LARGE = Model("demo-large", input_price=2_000_000, cached_price=200_000, output_price=8_000_000)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A kind of work: its stages, how fast it goes, what it asks of a model, how it fails.

    Pairs are the bounds between which a figure lies; tokens are those of one call.
    """

    name: str
    code: str
    task: str
    stages: tuple[str, ...]
    model: Model
    records_per_second: float
    calls_per_record: float
    input_tokens: tuple[int, int]
    cached_share: tuple[float, float]
    output_tokens: tuple[int, int]
    sharded_share: float
    mishaps: tuple[Mishap, ...]


ENTITY_RESOLUTION = Pipeline(
    name="entity-resolution",
    code="er",
    task="match records",
    stages=("ingest", "block", "match", "adjudicate", "publish"),
    model=MEDIUM,
    records_per_second=6.0,
    calls_per_record=0.4,  # only the pairs that rules leave in doubt
    input_tokens=(700, 1_300),
    cached_share=(0.45, 0.70),
    output_tokens=(60, 140),
    sharded_share=0.14,
    mishaps=(*mishaps.EVERYWHERE, mishaps.BAD_INPUT_ROW),
)
PRODUCT_CLASSIFICATION = Pipeline(
    name="product-classification",
    code="pc",
    task="classify products",
    stages=("load", "classify", "review", "publish"),
    model=SMALL,
    records_per_second=10.0,
    calls_per_record=1.0,
    input_tokens=(500, 900),
    cached_share=(0.55, 0.80),
    output_tokens=(12, 40),
    sharded_share=0.06,
    mishaps=(*mishaps.EVERYWHERE, mishaps.BAD_INPUT_ROW),
)
DOCUMENT_SUMMARIES = Pipeline(
    name="document-summaries",
    code="ds",
    task="summarise documents",
    stages=("fetch", "chunk", "summarise", "verify", "publish"),
    model=LARGE,
    records_per_second=0.8,
    calls_per_record=1.6,
    input_tokens=(2_600, 6_200),
    cached_share=(0.10, 0.30),
    output_tokens=(220, 520),
    sharded_share=0.10,
    mishaps=(*mishaps.EVERYWHERE, mishaps.CONTEXT_TOO_LONG),
)


@dataclass(frozen=True, slots=True)
class DemoProject:
    """What jobs are done for: either going on for good, or a delivery every fortnight.

    `offset_days` staggers the fortnights, so that deliveries don't all fall on one day.
    """

    code: str
    client_id: str
    title: str
    owner: str
    pipeline: Pipeline
    offset_days: int | None = None

    @property
    def is_delivery(self) -> bool:
        """Whether this project is a delivery with a due date."""
        return self.offset_days is not None


_ER, _PC, _DS = ENTITY_RESOLUTION, PRODUCT_CLASSIFICATION, DOCUMENT_SUMMARIES
PROJECTS = (
    DemoProject("vendor-master", "acme", "Vendor master", "Noor Haddad", _ER),
    DemoProject("catalogue-refresh", "acme", "Catalogue refresh", "Noor Haddad", _PC, 0),
    DemoProject("contract-digests", "acme", "Contract digests", "Tom Okafor", _DS, 5),
    DemoProject("shop-catalogue", "globex", "Shop catalogue", "Ines Moreau", _PC),
    DemoProject("customer-merge", "globex", "Customer merge", "Ines Moreau", _ER, 9),
    DemoProject("safety-sheets", "globex", "Safety sheets", "Per Lindqvist", _DS, 2),
    DemoProject("support-digests", "initech", "Support digests", "Mei Tanaka", _DS),
    DemoProject("parts-taxonomy", "initech", "Parts taxonomy", "Mei Tanaka", _PC, 7),
    DemoProject("supplier-match", "initech", "Supplier match", "Juan Rivas", _ER, 11),
)
