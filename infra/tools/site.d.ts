/**
 * The shapes that the site's modules hand each other, for the type check alone: nothing here is
 * served. The shapes of the API's answers derive from what `lib/shapes.js` checks and returns.
 */

type Shapes = typeof import("../../static_site/lib/shapes.js");
type Job = ReturnType<Shapes["readJob"]>;
type Attempt = Job["attempts"][number];
type Entry = ReturnType<Shapes["readEntry"]>;
type ViewShapes = typeof import("../../static_site/lib/view-shapes.js");
type Project = ReturnType<ViewShapes["readProject"]>;
type Client = ReturnType<Shapes["readClient"]>;
type Totals = Client["jobs"];
type Configuration = ReturnType<Shapes["readConfiguration"]>;
type Parameter = Configuration["parameters"][number];
type Incident = ReturnType<ViewShapes["readIncident"]>;
type OneIncident = ReturnType<ViewShapes["readOneIncident"]>;
type IncidentTurn = OneIncident["history"][number];
type ErrorGroup = ReturnType<ViewShapes["readErrorGroup"]>;
type BurnUp = ReturnType<typeof import("../../static_site/components/project/burn-up.js").burnUp>;
type Sums = ReturnType<typeof import("../../static_site/components/costs/costs.js").readSums>;
/** What a group used in a period and in the one before; null where that can't be told. */
interface CostRow {
  /** "" for what has no group of its own */
  name: string;
  sums: Record<string, number>;
  before: Record<string, number> | null;
}
/** A row of the table of costs. */
interface ShownCost extends CostRow {
  key: string;
  title: string;
  /** "" where the title says it */
  id: string;
  href: string | null;
  isTotal: boolean;
}
interface CostColumn {
  title: string;
  /** null where there is none */
  valueOf(sums: Record<string, number>): number | null;
  textOf(sums: Record<string, number>, format: Format): string;
  /** whether it is a lower bound where calls have no known cost */
  isBound?: boolean;
}
/** A period of costs, which ends now, and the one before; in milliseconds since 1970. */
interface CostPeriod {
  begin: number;
  previousBegin: number;
  previousEnd: number;
  /** what the one before is called */
  before: string;
  /** what to say where it is not what was asked for; "" where it is */
  note: string;
}
/** A part of such a time, as the API takes it; `to` is "" for now. */
interface CostPiece {
  interval: "hour" | "day";
  from: string;
  to: string;
}
type Proof = ReturnType<ViewShapes["readProof"]>;
type Overview = ReturnType<ViewShapes["readOverview"]>;
type Figures = Overview["totals"];
type Counts = Overview["days"][number];
/** What a period of the overview is called, and the one before it. */
interface PeriodWords {
  short: string;
  during: string;
  before: string;
}
/** A row of the table of clients; what has ended is counted from `since` on. */
type ClientRow = Overview["clients"][number] & { since: string | null };
/** Error rates of a period and of the one before, from 0 to 1; null where no job was judged. */
type Rates = { error_rate: number | null; previous: { error_rate: number | null } };

/** A page of a list of the API. */
interface Page<T> {
  telling: boolean;
  items: T[];
  /** where the next page begins; null on the last one */
  next_cursor: string | null;
  /** how far back the page has looked */
  covers_from: string | null;
  order: string | null;
}

/** What is here of a list: its items, and whether more can be asked for. */
interface Listed<T> {
  items: T[];
  hasMore: boolean;
}

/** From when to when something took time, in milliseconds since 1970. */
interface Span {
  begin: number;
  end: number;
}
type Stage = Span & { name: string };

/** What a comparison knows of a job. */
interface ComparedJob {
  job: Job;
  entries: Entry[];
  parameters: Parameter[];
}

/** What is compared: a text of each job. */
interface ComparedRow {
  label: string;
  texts: string[];
}
interface ComparedGroup {
  title: string;
  rows: ComparedRow[];
  jobs?: Job[];
}

/** A row of the tables of a job's time: an attempt, a stage of it, or a part. */
interface TimeRow {
  key: string;
  name: string;
  href?: string;
  isStage?: boolean;
  /** a name in OUTCOMES; a stage has none */
  outcome?: string;
  times: Pick<Job, "status" | "duration_seconds" | "started_at">;
  note: string;
}

/** A page that was asked for, and the cursor and the ETag that ask for it again. */
interface AskedPage<T> {
  cursor: string | null;
  etag: string | null;
  page: Page<T> | null;
}

/** The page of the job list that begins after a job. */
interface PageAfter {
  cursor: string;
  after: string;
}

interface JobList {
  /** newest first */
  jobs: Job[];
  /** where older jobs begin; null when there are none */
  endCursor: string | null;
  /** how far back the API has looked */
  coversFrom: string | null;
  /** whether older jobs than those of the newest page are kept */
  hasOlder: boolean;
  loaded: boolean;
}

/** Parameters of the API; empty values are left out. */
type Query = Record<string, string | number | null | undefined>;

interface Question {
  query?: Query;
  /** what is here already, so that the API may answer 304 */
  etag?: string | null;
  signal?: AbortSignal;
}

type Fetch = typeof window.fetch;
type Api = ReturnType<typeof import("../../static_site/lib/api.js").createApi>;
type Config = ReturnType<typeof import("../../static_site/lib/config.js").readConfig>;
type Format = ReturnType<typeof import("../../static_site/lib/format.js").createFormat>;
type Session = ReturnType<typeof import("../../static_site/lib/session.js").createSession>;
type Tabs = ReturnType<typeof import("../../static_site/lib/tabs.js").createTabs>;
type Shell = ReturnType<typeof import("../../static_site/components/page/shell.js").createShell>;

/** Times in milliseconds since 1970. */
interface Clock {
  now(): number;
  setTimeout(callback: () => void, milliseconds: number): number;
  clearTimeout(handle: number | undefined): void;
  /** from 0 to 1 */
  random(): number;
}

/** How the asking goes; times in milliseconds since 1970. */
interface Pace {
  /** when the last answer came */
  asOf: number | null;
  /** what the last question ended with; null after an answer */
  error: unknown;
  /** when the next question is asked */
  nextAt: number | null;
}

/** What a hash opens: a list with its filters, or one thing by its id. */
interface Route {
  view: string;
  filters?: Filters;
  id?: string;
}

/** A state or a result of a job. */
interface Outcome {
  label: string;
  /** the paths of its picture, 16 × 16 */
  shape: string[];
  /** whether it is a result, which completed jobs alone have */
  isResult?: boolean;
  /** whether this result counts as a failure */
  isFailure?: boolean;
}

/** Values by the names of filters; "" for none. */
type Filters = Record<string, string>;

interface Filter {
  field?: Field;
  chip?: Chip;
  /** which jobs alone can match it */
  only?: "completed" | "failures";
  /** whether blanks at the ends of a value are part of it */
  isExact?: boolean;
}

/** What a filter with a field looks like. */
interface Field {
  label: string;
  kind: "text" | "client" | "select" | "date";
  /** what the field says when nothing is chosen */
  any?: string;
  /** the words of a select, by value */
  choices?: Readonly<Record<string, string>>;
  /** whether a date is the last day and not the first */
  isEnd?: boolean;
  /** whether the address holds the day itself, and not the moment at which it begins here */
  isDay?: boolean;
  /** whether values of the jobs in sight are offered */
  isOffered?: boolean;
  /** whether it is folded away until it is wanted */
  isMore?: boolean;
  /** whether it tells apart what staff alone see */
  isOfStaff?: boolean;
}

/** A filter that links set and that has no field, as a button to remove it. */
interface Chip {
  label: string;
  /** the filters that it stands for */
  names: string[];
  textOf(filters: Filters, jobs: Job[], timeText: (at: string) => string): string;
  titleOf?(filters: Filters): string;
}

/** The control of a field; `choose` is to be called with what was chosen. */
type CreateControl = (
  name: string,
  field: Field,
  choose: Choose,
  context: Pick<Context, "api" | "clock" | "format">,
) => Control;
type Choose = (name: string, value: string) => void;
interface Control {
  element: HTMLElement;
  update(value: string): void;
  offer?(values: string[]): void;
}

/** A part of the page: an element, and how to bring it up to date. */
interface Part<T> {
  element: Element;
  update(item: T): void;
}

/** What parts of the page need to write times; `now` in milliseconds since 1970. */
interface Tools {
  format: Format;
  now(): number;
}

/** A name and a value in a small table. */
interface Fact {
  label: string;
  text: string;
  href?: string;
  title?: string;
  tabindex?: number;
  /** whether the link leads to another site */
  outside?: boolean;
}

/** A figure of the overview that leads to the jobs that it counts. */
/** What the sentence of the overview rests on. */
type VerdictFigures = Pick<
  Figures,
  | "running"
  | "stalled"
  | "ended"
  | "partial"
  | "failed"
  | "cancelled"
  | "error_rate"
  | "records"
  | "previous"
> & { incidents?: { open: number | null; of_staff: number | null } };

/** A part of that sentence; one that counts jobs leads to their list. */
interface VerdictPart {
  text: string;
  filters?: Record<string, string | null>;
  /** of which list, unless it is that of jobs */
  view?: string;
}

interface Tile {
  name: "running" | "queued" | "stalled" | "partial" | "failed" | "ended";
  label: string;
  filters: Filters;
  /** whether it counts what has ended in the period */
  ends?: boolean;
  /** how it looks when it isn't 0 */
  toneOf?: (figures: Figures) => string | null;
  /** what more there is to say of it; "" for nothing */
  noteOf?: (figures: Figures, format: Format) => string;
}

/** A panel that takes the place of data that is not there. */
interface Panel {
  shape: "empty" | "search" | "lost" | "door" | "lock";
  title: string;
  /** a paragraph each */
  text: (string | Node)[];
  actions?: Action[];
  heading?: "h1" | "h2";
}

/** A button that runs something, or a link. */
interface Action {
  label: string;
  run?(): void;
  href?: string;
  quiet?: boolean;
}

/** What every view is made with. */
/** How people act on incidents, and whether whoever is signed in may. */
interface Acting {
  base: string;
  session: { accessToken(): Promise<string>; renew(): Promise<void>; token(): string };
  fetch: Fetch;
  /** what a token needs for it */
  scope: string;
  newId(): string;
  /** the site's address, for commands */
  site: string;
}

interface Context {
  api: Api;
  /** null where the ledger takes no acts */
  acting: Acting | null;
  format: Format;
  clock: Clock;
  /** the access token as it is, "" where there is none */
  token(): string;
  isHidden(): boolean;
  /** whether the ledger tells of changes to what is shown */
  isLive(): boolean;
  isOffline(): boolean;
  /** the session has ended */
  onEnded(error: unknown): void;
  /** a view has its data */
  onShown(): void;
  /** tell screen readers */
  announce(text: string): void;
  navigate(hash: string): void;
}

type View = ReturnType<
  typeof import("../../static_site/components/page/live-view.js").createLiveView
>;
/** `listAddress` returns the hash of the list of jobs as it was left. */
type CreateView = (context: Context, listAddress: () => string) => View;

/** How to load a view: its module, the stylesheets of its components, its entry in the navigation. */
interface Place {
  entry: string;
  /** few people open it: it is not loaded before somebody does */
  isApart?: boolean;
  load(): Promise<CreateView>;
  styles: readonly string[];
}

/** What a live view is made of. */
interface ViewParts<T> {
  name: string;
  title?: string;
  /** the h1 where it stands among the tools and not at the top */
  heading?: HTMLElement;
  /** what stands at the top, before the heading */
  lead?: HTMLElement;
  /** what stands below the heading */
  tools?: HTMLElement | null;
  skeleton: HTMLElement;
  body: HTMLElement;
  /** where a refusal leads */
  backHash: string;
  backLabel?: string;
  notFound?(): Panel;
  /** begin with another route; return true where the reader stays at the same place of the page */
  reset(route: Route): boolean | void;
  /** fetch, and return true while busy */
  ask(signal: AbortSignal): Promise<unknown>;
  /** return what is here */
  data(): T | null;
  /** bring the body up to date */
  render(data: T): void;
  /** bring what changes with time alone up to date, every second */
  tick?(): void;
}

/** What a view that is one list of cards is made of. */
interface ListParts<T> {
  /** of the list in the address and in the API */
  name: string;
  title: string;
  /** its filters, where their fields stand apart */
  filters?: Readonly<Record<string, Filter>>;
  /** what one and many of its items are called */
  words: [string, string];
  /** what is said where nothing matches these filters */
  empty(filters: Filters): Pick<Panel, "title" | "text">;
  /** what is said above the list of all of it; "" for nothing */
  aboutOf?(filters: Filters): string;
  /** what is said where another thing is shown than these filters ask for; "" for nothing */
  warningOf?(filters: Filters): string;
  /** what is said of the list by the API itself; "" for nothing */
  noteOf?(list: { telling: boolean }): string;
  isOrdered?: boolean;
  className: string;
  read(item: unknown): T;
  keyOf(item: T): string;
  make(item: T): Part<T>;
  /** the API's parameters, where they are others than the filters */
  queryOf?(filters: Filters): Query;
  isBusy?(item: T): boolean;
}
