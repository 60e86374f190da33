// A monitor's page: it asks for a key, asks our own API with it, and shows the answers. What is shown is only ever
// set as text, so that no name can become markup.

const KEPT = "wakeful-key"; // in the session's storage: gone with the tab
const ROWS = 50;
const EVENTS = 100;

const TONES = {
  UP: "up", success: "up", operational: "up",
  DEGRADED: "slow", INVESTIGATING: "slow", RECOVERING: "slow",
  DOWN: "down", fail: "down",
};

/** Return the class that colours a status, of a monitor, a result or a ping. */
export const tone = (status) => (Object.hasOwn(TONES, status ?? "") ? TONES[status] : "other");

/** Return the id in the path of the page: its last part. */
export const idIn = (path) => path.split("/").filter(Boolean).pop() ?? "";

/** Return a number of seconds in words: 45 s, 5 min, 1 h 30 min, 2 d. */
export function spell(seconds) {
  const parts = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const words = [];
  let rest = seconds;
  for (const [unit, size] of parts) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count) words.push(`${count} ${unit}`);
  }
  return words.slice(0, 2).join(" ") || "0 s";
}

/** Return an ISO moment as UTC to the second, or unknown. */
export const moment = (iso) => (iso ? `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC` : "unknown");

/** Return the sentence for a refusal: what the API said, and what to do about it. */
export function refusal(status, said) {
  const own = {
    0: "The API cannot be reached. Is the network there?",
    401: "This key is not valid. It may have been revoked, or mistyped.",
    404: "It is not there, or it belongs to another project than this key.",
    429: "Too many requests with this key just now. Please wait a minute, and look again.",
  };
  return own[status] ?? (said ? `The API refused: ${said}.`.replace(/\.\.$/, ".") : `The API answered ${status}.`);
}

/** Return the rows of the last day's figures: [label, value]. */
export function figures(stats) {
  if ("total_pings" in stats) {
    return [["Runs", stats.total_pings], ["Successful", stats.successful], ["Failed", stats.failed]];
  }
  const uptime = stats.uptime_percent === null ? "nothing measured" : `${stats.uptime_percent} %`;
  const counts = [["Results", stats.total_checks], ["Down", stats.down_count], ["Slow", stats.degraded_count]];
  return [["Uptime", uptime], ...counts];
}

/** Return what a monitor is, in a line: what it watches, and how often. */
export function about(monitor) {
  if (monitor.monitor_type === "heartbeat") {
    const every = monitor.heartbeat_interval;
    const last = monitor.last_heartbeat_at ? `last heard ${moment(monitor.last_heartbeat_at)}` : "never heard yet";
    return [`heartbeat${every ? ` every ${spell(every)}` : ""}`, last].join(" · ");
  }
  const every = monitor.check_interval ? `every ${spell(monitor.check_interval)}` : "";
  return [monitor.monitor_type.toUpperCase(), monitor.url, every].filter(Boolean).join(" · ");
}

/** Return a result or a ping as {status, cells}: what the bar and the table show of it. */
export function row(shown) {
  if ("ping_type" in shown) {
    const said = shown.exit_status === null ? (shown.user_agent ?? "") : `exit status ${shown.exit_status}`;
    const cells = [moment(shown.pinged_at), shown.ping_type, shown.source_ip ?? "", said];
    return { status: shown.ping_type, cells };
  }
  const time = shown.response_time === null ? "" : `${shown.response_time} ms`;
  const said = shown.error ?? String(shown.status_code ?? "");
  const cells = [moment(shown.checked_at), shown.status ?? "unknown", shown.region, time, said];
  return { status: shown.status, cells };
}

/** Return how many rows have each tone, in words: what the bar says to whoever cannot see it. */
export function counted(rows) {
  const names = { up: "good", slow: "slow", down: "bad", other: "neither" };
  const count = (kind) => rows.filter((one) => tone(one.status) === kind).length;
  const seen = Object.keys(names).filter(count);
  return seen.map((kind) => `${count(kind)} ${names[kind]}`).join(", ") || "nothing yet";
}

/** Return the rows of what is known of a domain's registration: [label, value]. */
export function registration(domain) {
  const days = domain.days_remaining === null ? "" : ` (${domain.days_remaining} days)`;
  const locks = { true: "locked", false: "not locked" };
  return [
    ["Domain", domain.monitored_domain],
    ["Registrar", domain.registrar ?? "unknown"],
    ["Expires", domain.expiry_date ? domain.expiry_date.slice(0, 10) + days : "unknown"],
    ["Transfer", locks[domain.transfer_locked] ?? "unknown"],
    ["Looked at", moment(domain.check_timestamp)],
  ];
}

/** Return how somebody who sees an open incident can take it on. */
export const hint = (incident) =>
  "If nobody sees to it yet: follow the link in its message, or POST to this API's " +
  `/v1/incidents/${incident.id}/acknowledge with a key that may write.`;

/** Why the API said no, as a sentence for people; *status* is 0 where it said nothing. */
class Refused extends Error {
  constructor(status, said) {
    super(refusal(status, said));
    this.status = status;
  }
}

const find = (id) => document.getElementById(id);

function made(tag, text = "", kind = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  if (kind) element.className = kind;
  return element;
}

function say(sentence, kind = "") {
  find("word").textContent = sentence;
  find("word").className = `said ${kind}`;
  find("word").hidden = !sentence;
}

function list(id, pairs) {
  find(id).replaceChildren(...pairs.flatMap(([label, value]) => [made("dt", label), made("dd", String(value))]));
}

function table(id, headings, lines) {
  const line = (tag, cells) => {
    const shown = made("tr");
    shown.append(...cells.map((cell) => made(tag, cell)));
    return shown;
  };
  const head = made("thead");
  const body = made("tbody");
  head.append(line("th", headings));
  body.append(...lines.map((cells) => line("td", cells)));
  find(id).replaceChildren(head, body);
  return body.rows;
}

/** Ask the API; raises Refused. */
async function ask(key, path) {
  if (!/^[\x21-\x7e]+$/.test(key)) throw new Refused(401); // no header could carry it
  const api = new URL("../api/v1/", import.meta.url); // beside /static, whatever stage both lie under
  const headers = { Authorization: `Bearer ${key}` };
  const wish = { headers, credentials: "omit", cache: "no-store", redirect: "error" };
  const answer = await fetch(new URL(path, api), wish).catch(() => { throw new Refused(0); });
  const told = await answer.json().catch(() => ({}));
  if (answer.ok) return told;
  throw new Refused(answer.status, told.error ?? told.message);
}

function showMonitor(monitor) {
  document.title = `${monitor.name} · Wakeful`;
  find("name").textContent = monitor.name;
  find("state").textContent = monitor.monitor_state.toLowerCase();
  find("state").className = `state ${tone(monitor.monitor_state)}`;
  find("about").textContent = about(monitor);
  list("figures", figures(monitor.stats_24h));
}

function showRows(data, isHeartbeat) {
  const rows = data.map(row);
  find("rows-heading").textContent = isHeartbeat ? "The last pings" : "The last results";
  find("bar").replaceChildren(...rows.toReversed().map((one) => made("i", "", tone(one.status))));
  find("bar").setAttribute("aria-label", counted(rows));
  const headings = isHeartbeat ? ["When", "What", "From", "With"] : ["When", "Status", "Region", "Time", "Answer"];
  const lines = table("rows", headings, rows.map((one) => one.cells));
  rows.forEach((one, at) => { lines[at].cells[1].className = tone(one.status); });
}

function timeline(incident, updates) {
  const lines = made("ol");
  lines.append(...updates.map((one) => made("li", `${moment(one.created_at)} · ${one.status}: ${one.message}`)));
  return incident.resolved_at ? [lines] : [lines, made("p", hint(incident), "faint")];
}

/** Return an incident, whose timeline is asked for when somebody opens it. */
function folded(key, incident) {
  const whole = made("details");
  const head = made("summary", `${incident.title} · ${incident.status}`);
  const until = incident.resolved_at ? `to ${moment(incident.resolved_at)}` : "and goes on";
  head.append(made("span", `${moment(incident.created_at)} ${until}`, "when"));
  const story = made("div");
  whole.append(head, story);
  whole.addEventListener("toggle", async () => {
    try {
      const { data } = await ask(key, `events/${encodeURIComponent(incident.id)}`);
      story.replaceChildren(...timeline(incident, data.updates ?? []));
    } catch (error) {
      story.replaceChildren(made("p", error.message, "said bad"));
    }
  }, { once: true });
  whole.open = !incident.resolved_at;
  return whole;
}

function showIncidents(key, events, id) {
  const ours = events.data.filter((event) => event.monitor_id === id && event.type !== "MAINTENANCE");
  const rest = events.meta.total > EVENTS ? ` among the newest ${EVENTS} events of the project` : "";
  const none = made("p", `None${rest}.`, "faint");
  find("incidents").replaceChildren(...(ours.length ? ours.map((one) => folded(key, one)) : [none]));
}

function showDomain({ domain, dns_baselines: records, dns_changes: changes }) {
  list("registration", domain ? registration(domain) : []);
  const dnssec = { true: "valid", false: "not valid" };
  table("records", ["Record", "Values", "TTL", "DNSSEC"], records.map((one) => [
    one.record_type, one.record_values.join(", "), String(one.ttl ?? "unknown"), dnssec[one.dnssec_valid] ?? "unknown",
  ]));
  find("records").hidden = !records.length;
  const told = (values) => (values ?? []).join(", ") || "nothing";
  find("changes").replaceChildren(...changes.map((one) => made(
    "li", `${one.record_type} ${one.change_type}: ${told(one.previous_values)} → ${told(one.new_values)}`,
  )));
  find("domain").hidden = !(domain || records.length || changes.length);
}

/** Show the monitor to *key*; a refusal is told, and whoever sees nothing yet may try another key. */
async function show(key, id) {
  say("Looking it up …");
  try {
    const monitor = `monitors/${id}`;
    const { data } = await ask(key, monitor);
    sessionStorage.setItem(KEPT, key);
    const isHeartbeat = data.monitor_type === "heartbeat";
    const nothing = { data: { domain: null, dns_baselines: [], dns_changes: [] } };
    const [checks, events, health] = await Promise.all([
      ask(key, `${monitor}/checks?per_page=${ROWS}`),
      ask(key, `events?per_page=${EVENTS}`),
      isHeartbeat ? nothing : ask(key, `${monitor}/domain-health`).catch((error) => {
        if (error.status === 404) return nothing; // nobody has looked yet
        throw error;
      }),
    ]);
    showMonitor(data);
    showRows(checks.data, isHeartbeat);
    showIncidents(key, events, id);
    showDomain(health.data);
    find("door").hidden = true;
    find("shown").hidden = false;
    say("");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error.status === 401) forget();
    find("door").hidden = !find("shown").hidden;
    say(error.message, "bad");
  }
}

function forget() {
  sessionStorage.removeItem(KEPT);
  find("key").value = "";
  find("shown").hidden = true;
  find("door").hidden = false;
  find("key").focus();
}

function start() {
  const id = idIn(location.pathname).toLowerCase();
  const key = sessionStorage.getItem(KEPT);
  find("door").addEventListener("submit", (event) => {
    event.preventDefault();
    show(find("key").value.trim(), id);
  });
  find("again").addEventListener("click", () => show(sessionStorage.getItem(KEPT), id));
  find("leave").addEventListener("click", forget);
  find("door").hidden = Boolean(key);
  if (key) show(key, id);
}

if (typeof document !== "undefined") start();
