// SPDX-License-Identifier: GPL-2.0-or-later
// The status page: asks /status.json and /flows.json every two seconds and draws what they say. Whatever comes from there is set as
// text, never as markup: names and errors may be a stranger's words.
"use strict";

const kInterval = 2000;        // milliseconds
const kSamples = 120;          // of the plot
const kMostOnMap = 16;         // gateways
const kMostFlows = 300;        // rows
const kSvg = "http://www.w3.org/2000/svg";

const byId = (id) => document.getElementById(id);
const samples = [];            // {up, down}, the newest last
let flows = { flows: [], total: 0 };

function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let unit = 0;
  while (bytes >= 1024 && unit + 1 < units.length) { bytes /= 1024; unit += 1; }
  return (unit === 0 ? Math.round(bytes) : bytes.toFixed(1)) + " " + units[unit];
}

const rate = (bytes) => (bytes > 0 ? size(bytes) + "/s" : "0");

function age(seconds) {
  if (seconds < 60) return Math.round(seconds) + "s";
  if (seconds < 3600) return Math.floor(seconds / 60) + "m" + Math.floor(seconds % 60) + "s";
  if (seconds < 86400) return Math.floor(seconds / 3600) + "h" + Math.floor(seconds % 3600 / 60) + "m";
  return Math.floor(seconds / 86400) + "d" + Math.floor(seconds % 86400 / 3600) + "h";
}

function element(name, text, className) {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function shape(name, attributes, text) {
  const made = document.createElementNS(kSvg, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

/// What keeps the daemon from its work, as `dvpn status` has it.
function degradations(status) {
  const out = [];
  const say = (what, error) => { if (error) out.push(what + error); };
  if (status.table.error && status.table.error === status.config.error) {
    say("configuration and table on disk are not in use: ", status.table.error);
  } else {
    say("the table on disk is not in use: ", status.table.error);
    say("the configuration on disk is not in use: ", status.config.error);
  }
  if (status.sets.state === "absent" || status.rules.state === "absent") out.push("the firewall's rules are not in place; dvpn-rules install");
  say("the firewall's sets are not up to date: ", status.sets.state === "failed" && status.sets.error);
  say("there is no gate, connections are accepted first: ", status.gate.error);
  say("no UDP is carried: ", status.udp.error);
  say("no pings are carried: ", status.ping.error);
  for (const gateway of status.gateways) {
    const down = ["failed", "backoff", "silent"].includes(gateway.state);
    const remedy = gateway.remedy ? "; " + gateway.remedy : "";
    if (down || gateway.limited) say("gateway " + gateway.name + (down ? " is down: " : " holds us back: "), (gateway.last_error || "-") + remedy);
  }
  return out;
}

function drawHead(status) {
  const bad = degradations(status);
  byId("site").textContent = status.site.join(" ");
  byId("health").textContent = bad.length === 0 ? "healthy" : "degraded";
  byId("health").className = "badge " + (bad.length === 0 ? "good" : "bad");
  byId("facts").textContent = [
    "dvpnd " + status.version + ", up " + age(status.uptime_s),
    status.flows.open + status.udp.flows + status.ping.flows + " flows, " + status.flows.total + " in all",
    status.sessions + " sessions",
    status.table.routes + " routes",
    size(status.memory.resident),
  ].join(" · ");
  byId("degraded").replaceChildren(...bad.map((sentence) => element("li", sentence)));
}

/// Those that are in trouble or busy come first when there is no room for all.
function onMap(gateways) {
  const weight = (g) => (["failed", "backoff", "silent"].includes(g.state) ? 1e15 : 0) + g.flows * 1e6 + g.opens;
  const chosen = [...gateways].sort((a, b) => weight(b) - weight(a)).slice(0, kMostOnMap);
  return chosen.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function drawMap(status) {
  const map = byId("map"), [x, y] = [400, 215];
  const shown = onMap(status.gateways);
  const lines = [], nodes = [];
  shown.forEach((gateway, i) => {
    const turn = Math.PI * (2 * i / shown.length - (shown.length === 2 ? 1 : 0.5));
    const [gx, gy] = [x + 285 * Math.cos(turn), y + 130 * Math.sin(turn)];
    const speed = gateway.rate.up + gateway.rate.down;
    const line = shape("line", { x1: x, y1: y, x2: gx, y2: gy, class: gateway.state });
    line.style.strokeWidth = String(2 + Math.min(8, Math.log2(1 + speed / 65536)));
    lines.push(line);
    const middle = [(x + gx * 1.2) / 2.2, (y + gy * 1.2) / 2.2];
    const label = gateway.rtt_ms === null ? gateway.state : gateway.rtt_ms.toFixed(1) + " ms";
    nodes.push(shape("rect", { x: middle[0] - 30, y: middle[1] - 10, width: 60, height: 20, rx: 5 }));
    nodes.push(shape("text", { x: middle[0], y: middle[1] + 4, class: "small" }, label));
    nodes.push(shape("circle", { cx: gx, cy: gy, r: 13, class: gateway.state }));
    const below = gy < y - 20 ? -30 : 33;  // on the side that no line comes from
    nodes.push(shape("text", { x: gx, y: gy + below }, gateway.site || gateway.name));
    nodes.push(shape("text", { x: gx, y: gy + below + (below > 0 ? 17 : -17), class: "small" },
      (gateway.site ? gateway.name + " · " : "") + gateway.flows + (gateway.flows === 1 ? " flow" : " flows") + (speed > 0 ? " · " + rate(speed) : "")));
  });
  nodes.push(shape("circle", { cx: x, cy: y, r: 17, class: "here" }));
  nodes.push(shape("text", { x, y: y + 35 }, "this site"));
  const more = status.gateways.length - shown.length + status.gateways_left_out;
  if (more > 0) nodes.push(shape("text", { x, y: y + 52, class: "small" }, "and " + more + " more gateways"));
  map.replaceChildren(...lines, ...nodes);
}

function drawPlot(status) {
  samples.push(status.rate);
  if (samples.length > kSamples) samples.shift();
  const most = Math.max(1024, ...samples.map((r) => Math.max(r.up, r.down)));
  const points = (key) => samples.map((r, i) =>
    (400 * (kSamples - samples.length + i) / (kSamples - 1)).toFixed(1) + "," + (147 - 142 * r[key] / most).toFixed(1)).join(" ");
  byId("plot").replaceChildren(shape("polyline", { class: "up", points: points("up") }), shape("polyline", { class: "down", points: points("down") }));
  byId("rates").textContent = rate(status.rate.up) + " up, " + rate(status.rate.down) + " down";
  byId("scale").textContent = "top of the plot: " + rate(most);
}

function drawEnded(status) {
  const rows = Object.entries(status.ended).sort((a, b) => b[1] - a[1]).slice(0, 8).map(([reason, number]) => {
    const row = document.createElement("tr");
    row.append(element("td", reason), element("td", String(number), "n"));
    return row;
  });
  byId("ended").tBodies[0].replaceChildren(...rows);
}

function drawFlows() {
  const words = byId("filter").value.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const rows = [];
  for (const flow of flows.flows) {
    const cells = [flow.protocol, flow.client, flow.destination, flow.gateway, flow.state];
    const all = cells.join(" ").toLowerCase();
    if (!words.every((word) => all.includes(word))) continue;
    const row = document.createElement("tr");
    for (const cell of cells) row.append(element("td", cell || "-"));
    for (const cell of [age(flow.age_s), size(flow.up), size(flow.down), rate(flow.rate_up + flow.rate_down)]) row.append(element("td", cell, "n"));
    rows.push(row);
  }
  byId("flow-count").textContent = rows.length + " of " + flows.total + (flows.left_out > 0 ? ", the fastest " + flows.flows.length + " looked at" : "");
  byId("flows").tBodies[0].replaceChildren(...rows);
}

async function ask(path) {
  const reply = await fetch(path);
  const answer = await reply.json();
  if (!reply.ok || answer.ok !== true) throw new Error(answer.error || reply.statusText);
  return answer;
}

async function turn() {
  try {
    const status = await ask("status.json");
    flows = await ask("flows.json?sort=rate&limit=" + kMostFlows);
    drawHead(status);
    drawMap(status);
    drawPlot(status);
    drawEnded(status);
    drawFlows();
  } catch (error) {
    byId("health").textContent = "no answer";
    byId("health").className = "badge bad";
    byId("degraded").replaceChildren(element("li", "dvpnd does not answer: " + error.message));
  }
  setTimeout(turn, kInterval);
}

byId("filter").addEventListener("input", drawFlows);
turn();
