"use strict";
(() => {
  const BOX = 1000, LOG_RATIO = 30, CROWDED_RATIO = 6, CROWDED = 0.1, ABOVE_ZERO = 0.2;
  const SVG = "http://www.w3.org/2000/svg";
  const count = (n) => Math.round(n).toLocaleString("en-US");
  const number = (v) => {
    if (typeof v === "string") return v;
    if (v === 0) return "0";
    const size = Math.abs(v);
    if (size >= 999.5 && size < 1e6) return Math.round(v).toLocaleString("en-US");
    if (size >= 1e-3 && size < 999.5) return String(Number(v.toPrecision(4)));
    return v.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e");
  };

  // The same choice of scale as losslens/reporter/scale.py makes for the chart without a script.
  const suited = (values, wish) => {
    const finite = values.filter((v) => typeof v === "number");
    if (!finite.length) return null;
    let low = Infinity, high = -Infinity, floor = Infinity, positive = 0;
    for (const v of finite) {
      low = Math.min(low, v); high = Math.max(high, v);
      if (v > 0) { floor = Math.min(floor, v); positive++; }
    }
    const bent = (f, back, a, b) => {
      const from = f(a), to = f(b), pad = 0.04 * (to - from) || 0.5;
      return { f, back, from: from - pad, to: to + pad };
    };
    const crowded = () => finite.slice().sort((a, b) => a - b)[finite.length >> 1] - low < CROWDED * (high - low);
    if (wish !== "linear" && low >= 0 && positive > ABOVE_ZERO * finite.length && (wish === "log" || high / floor > LOG_RATIO || (high / floor > CROWDED_RATIO && crowded())))
      return { kind: "log scale", ...bent((v) => (v > 0 ? Math.log10(v) : -Infinity), (x) => 10 ** x, floor, high) };
    if (wish !== "linear" && low < 0) {
      const sizes = finite.map(Math.abs).filter((v) => v).sort((a, b) => a - b);
      const width = sizes.length ? sizes[sizes.length >> 1] : 1;
      if (wish === "log" || Math.max(-low, high) > LOG_RATIO * width)
        return { kind: "asinh scale", width, ...bent((v) => Math.asinh(v / width), (x) => Math.sinh(x) * width, low, high) };
    }
    const pad = (high - low) * 0.05 || Math.abs(high) * 0.1 || 1;
    const bottom = low < 0 || low - pad > 0 ? low - pad : 0;
    return { kind: "linear scale", only: low === high ? low : null, f: (v) => v, back: (x) => x, from: bottom, to: high + pad };
  };

  const roundTicks = (low, high, most) => {
    const rough = (high - low) / most;
    if (!(rough > 0)) return [low];
    const size = 10 ** Math.floor(Math.log10(rough));
    const step = size * [1, 2, 2.5, 5, 10].find((m) => m * size >= rough * 0.999);
    const out = [];
    for (let i = Math.ceil(low / step - 1e-9); i * step <= high * (1 + 1e-12) + step * 1e-9; i++) out.push(Number((i * step).toPrecision(12)));
    return out;
  };
  const logTicks = (low, high, most) => {
    const first = Math.ceil(low - 1e-9), last = Math.floor(high + 1e-9);
    if (last - first + 1 > 2) {
      const stride = Math.max(1, Math.ceil((last - first + 1) / most)), out = [];
      for (let e = first; e <= last; e++) if (e % stride === 0) out.push(10 ** e);
      return out;
    }
    const out = [];
    for (let e = first - 1; e <= last; e++) for (const m of [1, 2, 5]) if (Math.log10(m) + e >= low && Math.log10(m) + e <= high) out.push(m * 10 ** e);
    return out.length > 1 ? out : roundTicks(10 ** low, 10 ** high, most);
  };
  const ticksOf = (scale, most) => {
    if (scale.kind === "log scale") return logTicks(scale.from, scale.to, most);
    if (scale.kind === "linear scale" && scale.only !== null) return [scale.only];
    if (scale.kind === "linear scale") return roundTicks(scale.from, scale.to, most);
    const out = [0];
    for (const sign of [1, -1]) {
      const edge = sign * scale.back(sign > 0 ? scale.to : scale.from);
      if (edge > scale.width) for (const t of logTicks(Math.log10(scale.width), Math.log10(edge), Math.max(1, most >> 1))) out.push(sign * t);
    }
    return out.filter((t) => scale.f(t) >= scale.from && scale.f(t) <= scale.to);
  };

  const make = (name, attributes, parent) => {
    const node = document.createElementNS(SVG, name);
    for (const key in attributes) node.setAttribute(key, attributes[key]);
    parent.append(node);
    return node;
  };

  const figure = (root) => {
    const source = root.querySelector(".ll-data");
    if (!source) return;
    const data = JSON.parse(source.textContent);
    const panels = [...root.querySelectorAll(":scope > .ll-panels > .ll-panel")].map((node, i) => ({ node, data: data.panels[i], svg: node.querySelector(".ll-plot svg") }));
    const box = root.querySelector(":scope > .ll-panels"), axis = box.querySelector(".ll-x"), tools = root.querySelector(".ll-tools");
    const live = panels.filter((p) => p.svg);
    if (!live.length) return;
    let whole = [Infinity, -Infinity];
    for (const p of panels) for (const b of p.data.branches) for (const s of b.step) whole = [Math.min(whole[0], s), Math.max(whole[1], s)];
    if (whole[0] === whole[1]) whole[1]++;
    const lines = [...live[0].svg.querySelectorAll(".ll-line")].map((n) => whole[0] + (parseFloat(n.getAttribute("d").slice(1)) / BOX) * (whole[1] - whole[0]));
    if (data.onset && lines.length) lines[0] = data.onset[1];
    const marks = [...box.querySelectorAll(".ll-marks a")].map((n) => ({ n, left: parseFloat(n.style.left), width: parseFloat(n.style.width) }));
    let view = whole.slice(), wish = null, cursor = null;
    const x = (step) => (BOX * (step - view[0])) / (view[1] - view[0]);

    const draw = () => {
      for (const p of live) {
        const seen = [];
        for (const b of p.data.branches) b.step.forEach((s, i) => { if (s >= view[0] && s <= view[1] && !(b.value[i] > 0 && b.value[i] < p.data.floor)) seen.push(b.value[i]); });
        const asked = wish === null && p.data.linear ? "linear" : wish;
        const scale = suited(seen, asked) || suited(p.data.branches.flatMap((b) => b.value), asked);
        const y = (v) => Math.min(BOX, Math.max(0, BOX * (1 - (scale.f(v) - scale.from) / (scale.to - scale.from))));
        const curves = p.svg.querySelector(".ll-curves"), grid = p.svg.querySelector(".ll-grid"), rug = p.svg.querySelector(".ll-rug");
        for (const part of [curves, grid, rug]) part.replaceChildren();
        let dots = "";
        for (const b of p.data.branches) {
          let d = "", open = false, shown = 0;
          const points = [];
          for (let i = 0; i < b.step.length; i++) {
            // One point beyond each edge, so that lines run out of the picture.
            if ((b.step[i] < view[0] && b.step[i + 1] < view[0]) || (b.step[i] > view[1] && b.step[i - 1] > view[1])) { open = false; continue; }
            const at = x(b.step[i]), v = b.value[i];
            if (typeof v !== "number") {
              open = false;
              if (!b.old && at >= 0 && at <= BOX) {
                const next = i + 1 < b.step.length && typeof b.value[i + 1] !== "number" ? x(b.step[i + 1]) : at + 1.5;
                make("rect", { x: at, width: Math.max(1.5, next - at), y: p.data === data.panels[0] ? 960 : 900, height: 100 }, rug);
              }
              continue;
            }
            const place = at.toFixed(1) + " " + y(v).toFixed(1);
            d += (open ? "L" : "M") + place;
            if (!open && typeof b.value[i + 1] !== "number") { d += "h0"; dots += "M" + place + "h0"; }
            open = true;
            if (at >= 0 && at <= BOX) { shown++; points.push("M" + place + "h0"); }
          }
          make("path", { class: b.old ? "ll-old" : "ll-curve", d }, curves);
          if (shown <= 80) dots += points.join("");
        }
        // A level of a few stretches would be a straight line through what is looked at closely.
        const level = (p.data.level || []).filter((at) => at[0] >= view[0] && at[0] <= view[1]);
        curves.classList.toggle("ll-noisy", level.length >= 12);
        if (level.length >= 12) make("path", { class: "ll-level", d: "M" + level.map((at) => x(at[0]).toFixed(1) + " " + y(at[1]).toFixed(1)).join("L") }, curves);
        if (dots) make("path", { class: "ll-dots", d: dots }, curves);
        const labels = p.node.querySelector(".ll-y");
        labels.replaceChildren();
        const most = p.node.classList.contains("ll-leading") ? 6 : 3;
        const kept = [];
        for (const t of ticksOf(scale, most).sort((a, b) => Math.abs(a) - Math.abs(b))) {
          const at = y(t);
          if (kept.some((other) => Math.abs(other - at) < (0.5 / most) * BOX)) continue;
          kept.push(at);
          make("path", { d: "M0 " + at + "H1000" }, grid);
          const label = document.createElement("span");
          label.style.top = at / 10 + "%";
          label.textContent = number(t);
          labels.append(label);
        }
        const name = p.node.querySelector(".ll-scale");
        if (name) name.textContent = scale.kind;
        const band = p.svg.querySelector(".ll-band");
        if (band && data.onset) {
          const left = Math.max(0, x(data.onset[0])), right = Math.min(BOX, x(data.onset[2]));
          band.setAttribute("x", left);
          band.setAttribute("width", Math.max(0, right - left));
        }
        p.svg.querySelectorAll(".ll-line").forEach((n, i) => n.setAttribute("d", "M" + x(lines[i]) + " 0V1000"));
      }
      box.querySelectorAll(".ll-label").forEach((n) => {
        const at = x(lines[Number(n.dataset.at)]) / 10;
        n.style.left = at + "%";
        n.style.visibility = at >= 0 && at <= 100 ? "" : "hidden";
        const share = (100 * n.offsetWidth) / box.clientWidth;
        const left = n.classList.contains("ll-onset") ? at >= share || at > 50 : at + share > 94;
        n.classList.toggle("ll-left", left);
        n.classList.toggle("ll-right", !left);
      });
      const stretch = (whole[1] - whole[0]) / (view[1] - view[0]);
      for (const m of marks) {
        const left = ((whole[0] + (m.left / 100) * (whole[1] - whole[0]) - view[0]) / (view[1] - view[0])) * 100;
        const from = Math.max(0, left), to = Math.min(100, left + m.width * stretch);
        m.n.style.left = from + "%";
        m.n.style.width = Math.max(0, to - from) + "%";
        m.n.style.display = to > 0 && from < 100 && to > from ? "" : "none";
      }
      axis.replaceChildren();
      for (const t of roundTicks(view[0], view[1], box.clientWidth < 500 ? 3 : 7)) {
        if (Math.abs(t - Math.round(t)) > 1e-6) continue;
        const label = document.createElement("span");
        label.style.left = x(t) / 10 + "%";
        label.textContent = count(t);
        axis.append(label);
      }
    };

    const nearest = (p, step) => {
      let best = null;
      for (const b of p.data.branches) {
        if (b.old) continue;
        let low = 0, high = b.step.length - 1;
        while (high - low > 1) { const mid = (low + high) >> 1; if (b.step[mid] <= step) low = mid; else high = mid; }
        for (const i of [low, high]) if (i >= 0 && (best === null || Math.abs(b.step[i] - step) < Math.abs(best[0] - step))) best = [b.step[i], b.value[i]];
      }
      return best;
    };
    const read = (step) => {
      cursor = step;
      for (const p of panels) {
        const out = p.node.querySelector(".ll-value");
        const found = step === null ? null : nearest(p, step);
        out.textContent = found ? (p === panels[0] ? data.axis + " " + count(found[0]) + ": " : "") + number(found[1]) : "";
        if (!p.svg) continue;
        let line = p.svg.querySelector(".ll-cursor");
        if (!found) { if (line) line.remove(); continue; }
        line = line || make("path", { class: "ll-cursor" }, p.svg);
        line.setAttribute("d", "M" + x(found[0]) + " 0V1000");
      }
    };
    const zoom = (from, to) => {
      from = Math.max(whole[0], from); to = Math.min(whole[1], to);
      if (to - from < 2 && whole[1] - whole[0] >= 2) { const middle = (from + to) / 2; from = middle - 1; to = middle + 1; }
      view = [from, to];
      draw();
      read(cursor);
    };
    const act = {
      whole: () => zoom(whole[0], whole[1]),
      onset: () => {
        zoom(data.closer[0], data.closer[1]);
      },
      scale: (button) => {
        wish = wish === "linear" ? "log" : wish === "log" ? null : "linear";
        button.textContent = wish === null ? "linear scale" : wish === "linear" ? "log scale" : "suited scale";
        draw();
        read(cursor);
      },
    };
    tools.hidden = false;
    tools.addEventListener("click", (event) => { const button = event.target.closest("button"); if (button) act[button.dataset.do](button); });

    const stepAt = (event) => {
      const area = live[0].svg.getBoundingClientRect();
      return view[0] + Math.min(1, Math.max(0, (event.clientX - area.left) / area.width)) * (view[1] - view[0]);
    };
    let start = null;
    const choose = (a, b) => {
      for (const p of live) {
        let rect = p.svg.querySelector(".ll-select");
        if (a === null) { if (rect) rect.remove(); continue; }
        rect = rect || make("rect", { class: "ll-select", y: 0, height: BOX }, p.svg);
        rect.setAttribute("x", Math.min(x(a), x(b)));
        rect.setAttribute("width", Math.abs(x(b) - x(a)));
      }
    };
    box.addEventListener("pointerdown", (event) => { if (event.button === 0 && event.target.closest(".ll-plot")) { start = stepAt(event); event.preventDefault(); box.focus({ preventScroll: true }); } });
    box.addEventListener("pointermove", (event) => { if (start !== null) choose(start, stepAt(event)); read(stepAt(event)); });
    box.addEventListener("pointerleave", () => { if (start === null) read(null); });
    addEventListener("pointerup", (event) => {
      if (start === null) return;
      const from = start, to = stepAt(event);
      start = null;
      choose(null);
      if (Math.abs(x(from) - x(to)) > 12) zoom(Math.min(from, to), Math.max(from, to));
    });
    box.addEventListener("dblclick", act.whole);
    box.addEventListener("keydown", (event) => {
      const steps = live[0].data.branches.filter((b) => !b.old).flatMap((b) => b.step);
      const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (event.key === "Escape") { read(null); act.whole(); }
      if (!way || event.target !== box) return;
      event.preventDefault();
      const by = event.shiftKey ? 20 : 1;
      const now = cursor === null ? (data.onset ? data.onset[1] : view[0]) : cursor;
      let i = steps.findIndex((s) => s >= now);
      if (i < 0) i = steps.length - 1;
      if (cursor !== null) i = Math.min(steps.length - 1, Math.max(0, i + way * by));
      read(steps[i]);
    });
  };

  document.querySelectorAll(".losslens:not([data-ready])").forEach((root) => {
    root.dataset.ready = "1";
    root.querySelectorAll(".ll-chart").forEach(figure);
    const rows = [...root.querySelectorAll(".ll-overview tbody tr")], filter = root.querySelector(".ll-filter");
    if (filter && rows.length > 12) {
      filter.hidden = false;
      filter.addEventListener("input", (event) => {
        const wanted = event.target.value.toLowerCase().split(" ").filter((word) => word);
        for (const row of rows) row.hidden = !wanted.every((word) => row.textContent.toLowerCase().includes(word));
        filter.querySelector("span").textContent = wanted.length ? rows.filter((row) => !row.hidden).length + " of " + rows.length : "";
      });
    }
    if (navigator.clipboard) root.querySelectorAll(".ll-code").forEach((block) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "copy";
      button.addEventListener("click", () => navigator.clipboard.writeText(block.querySelector("code").textContent).then(() => { button.textContent = "copied"; setTimeout(() => { button.textContent = "copy"; }, 1500); }));
      block.append(button);
    });
  });
  const open = () => { const there = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1))); if (there && there.matches(".losslens details")) there.open = true; };
  addEventListener("hashchange", open);
  open();
  // On paper: the lists, but neither tables, files nor the causes that are told in one line.
  const lists = ".losslens details.ll-more:not(:has(table, code))";
  addEventListener("beforeprint", () => document.querySelectorAll(lists).forEach((d) => { d.open = true; }));
})();
