/* Sorting and filtering of the triage table. The table is whole without this file; nothing is fetched or stored, and
   the state lives in the address after "#", so a view can be linked to. */
(function () {
  "use strict";

  var root = document.getElementById("triage");
  var table = root && root.querySelector("table.triage-table");
  if (!table) return;

  var form = root.querySelector("form.filters");
  var shown = root.querySelector(".shown");
  var body = table.tBodies[0];

  function number(text) {
    return text === "" ? null : Number(text);
  }

  var rows = Array.prototype.slice.call(body.rows).map(function (row, index) {
    var cells = row.cells;
    return {
      row: row,
      index: index,
      text: row.textContent.toLowerCase(),
      tier: row.dataset.tier,
      status: row.dataset.status,
      notice: row.dataset.notice,
      kind: row.dataset.kind,
      keys: {
        id: cells[0].textContent,
        title: cells[1].textContent.toLowerCase(),
        // A removed record has no tier, level or numbers.
        tier: row.dataset.tier || null,
        level: row.dataset.level || null,
        score: number(row.dataset.score),
        claims: number(row.dataset.verified),
        date: cells[6].textContent,
        status: row.dataset.status
      }
    };
  });
  // Scores of one kind are never ranked against those of another: each kind is a group of its own.
  var kinds = [["rubric", "Scores from rubric checks"], ["model", "Scores from model review"], ["none", "Scores of no stated kind"], ["removed", "Removed records, without scores"]];
  // The direction a reader expects first: high scores, many claims, late dates.
  var downFirst = { score: true, claims: true, date: true, level: true };
  var state = { q: "", tier: "", status: "", sort: "", dir: "" };

  function compare(a, b) {
    var x = a.keys[state.sort];
    var y = b.keys[state.sort];
    if (x === y) return a.index - b.index;
    // What is not stated comes last in both directions.
    if (x === null) return 1;
    if (y === null) return -1;
    return (x < y ? -1 : 1) * (state.dir === "desc" ? -1 : 1);
  }

  function heading(text) {
    var row = document.createElement("tr");
    row.className = "group";
    var cell = document.createElement("th");
    cell.colSpan = table.tHead.rows[0].cells.length;
    cell.scope = "rowgroup";
    cell.textContent = text;
    row.appendChild(cell);
    return row;
  }

  function draw() {
    var words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    var visible = rows.filter(function (item) {
      return (!state.tier || item.tier === state.tier) &&
        (!state.status || item.status === state.status || item.notice === state.status) &&
        words.every(function (word) { return item.text.indexOf(word) >= 0; });
    });
    if (state.sort) visible.sort(compare);
    var part = document.createDocumentFragment();
    if (state.sort === "score") {
      kinds.forEach(function (kind) {
        var group = visible.filter(function (item) { return item.kind === kind[0]; });
        if (!group.length) return;
        part.appendChild(heading(kind[1]));
        group.forEach(function (item) { part.appendChild(item.row); });
      });
    } else {
      visible.forEach(function (item) { part.appendChild(item.row); });
    }
    body.textContent = "";
    body.appendChild(part);
    shown.textContent = visible.length === rows.length
      ? "All " + rows.length + " records shown"
      : visible.length + " of " + rows.length + " records shown";
    Array.prototype.forEach.call(table.tHead.rows[0].cells, function (cell) {
      if (cell.dataset.sort === state.sort) {
        cell.setAttribute("aria-sort", state.dir === "desc" ? "descending" : "ascending");
      } else {
        cell.removeAttribute("aria-sort");
      }
    });
  }

  function read() {
    var given = new URLSearchParams(window.location.hash.slice(1));
    state.q = given.get("q") || "";
    state.tier = given.get("tier") || "";
    state.status = given.get("status") || "";
    state.sort = given.get("sort") || "";
    if (rows[0] && !Object.prototype.hasOwnProperty.call(rows[0].keys, state.sort)) state.sort = "";
    state.dir = given.get("dir") === "desc" ? "desc" : "asc";
    form.elements.q.value = state.q;
    form.elements.tier.value = state.tier;
    form.elements.status.value = state.status;
    // A value that is no option leaves the list empty, and means "all".
    if (form.elements.tier.selectedIndex < 0) form.elements.tier.value = state.tier = "";
    if (form.elements.status.selectedIndex < 0) form.elements.status.value = state.status = "";
  }

  function write() {
    var kept = new URLSearchParams();
    ["q", "tier", "status", "sort"].forEach(function (name) { if (state[name]) kept.set(name, state[name]); });
    if (state.sort) kept.set("dir", state.dir);
    var hash = kept.toString();
    window.history.replaceState(null, "", hash ? "#" + hash : window.location.pathname + window.location.search);
  }

  function changed() {
    state.q = form.elements.q.value.trim();
    state.tier = form.elements.tier.value;
    state.status = form.elements.status.value;
    write();
    draw();
  }

  Array.prototype.forEach.call(table.tHead.rows[0].cells, function (cell) {
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = cell.textContent;
    cell.textContent = "";
    cell.appendChild(button);
    button.addEventListener("click", function () {
      var key = cell.dataset.sort;
      if (state.sort === key) {
        state.dir = state.dir === "desc" ? "asc" : "desc";
      } else {
        state.sort = key;
        state.dir = downFirst[key] ? "desc" : "asc";
      }
      write();
      draw();
    });
  });
  form.addEventListener("input", changed);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  form.addEventListener("reset", function () { window.setTimeout(function () { state.sort = ""; changed(); }, 0); });
  window.addEventListener("hashchange", function () { read(); draw(); });
  form.hidden = false;
  read();
  draw();
})();
