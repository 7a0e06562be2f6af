/* Draws one day: a column a doctor, a block a visit. Every text is set as text, never as markup. */
export default function ({ data, parentElement, setTriggerValue }) {
  const make = (tag, name, text) => {
    const made = document.createElement(tag);
    if (name) made.className = name;
    if (text) made.textContent = text;
    return made;
  };
  const place = (block, from, to) => {
    block.style.top = `${(from - data.from) * data.scale}px`;
    block.style.height = `${(to - from) * data.scale}px`;
    return block;
  };
  const board = make("div", "board");
  board.style.setProperty("--columns", data.columns.length);
  const head = board.appendChild(make("div", "head"));
  const body = board.appendChild(make("div", "body"));
  head.appendChild(make("div"));
  const times = body.appendChild(make("div", "times"));
  times.style.height = `${(data.to - data.from) * data.scale}px`;
  for (const { at, label } of data.hours) {
    times.appendChild(make("span", "", label)).style.top = `${(at - data.from) * data.scale}px`;
  }
  for (const doctor of data.columns) {
    const title = head.appendChild(make("div"));
    title.appendChild(make("strong", "", doctor.name));
    title.appendChild(make("span", "", doctor.told));
    const column = body.appendChild(make("div", "column"));
    for (const [from, to] of doctor.open) column.appendChild(place(make("div", "open"), from, to));
    for (const { at } of data.hours) column.appendChild(place(make("div", "line"), at, at));
    if (data.now !== null) column.appendChild(place(make("div", "now"), data.now, data.now));
    for (const free of doctor.free) {
      const button = column.appendChild(place(make("button", "free", free.label), free.from, free.to));
      button.setAttribute("aria-label", `Book ${doctor.name} at ${free.label}`);
      button.onclick = () => setTriggerValue("picked", { doctor: doctor.id, at: free.from });
    }
    for (const visit of doctor.visits) {
      const button = column.appendChild(place(make("button", "visit"), visit.from, visit.to));
      button.style.setProperty("--tone", visit.tone);
      button.style.left = `calc(${(100 * visit.lane) / visit.lanes}% + 2px)`;
      button.style.width = `calc(${100 / visit.lanes}% - 4px)`;
      button.appendChild(make("b", "", visit.title));
      button.appendChild(make("div", "", visit.told));
      button.setAttribute("aria-label", visit.spoken);
      button.title = visit.spoken;
      button.onclick = () => setTriggerValue("picked", { visit: visit.id });
    }
  }
  parentElement.replaceChildren(...[...parentElement.querySelectorAll("style")], board);
  board.scrollTop = Math.max(0, ((data.now ?? data.first) - data.from - 60) * data.scale);
  board.setAttribute("role", "group");
  board.setAttribute("aria-label", data.alt);
}
