'use strict';

// The server draws the page. This fetches it again when something has changed, and
// every so often for what ages, and puts those sections that differ in their place.
(() => {
  const every = 5000; // ms, also where nothing tells of changes
  const apart = 250; // changes that come closer together are fetched together
  const patience = 4000; // for an answer
  const most = 5; // changes that are read out one by one

  const lost = document.getElementById('lost');
  const news = document.getElementById('news');
  let drawn = new Date(); // when what is shown was fetched
  let lastSeq = newest(document);
  let busy = false; // fetching, or waiting before the next time
  let again = false; // something changed meanwhile

  function clock(at) {
    return at.toISOString().slice(11, 19) + ' UTC';
  }

  function newest(page) {
    return Math.max(0, ...Array.from(page.querySelectorAll('#events [data-seq]'), (row) => Number(row.dataset.seq)));
  }

  // announce has those who listen to the page hear what happened.
  function announce(page) {
    const rows = Array.from(page.querySelectorAll('#events [data-seq]'));
    const fresh = rows.filter((row) => Number(row.dataset.seq) > lastSeq).reverse();
    lastSeq = newest(page);
    if (fresh.length > most) {
      news.textContent = `${fresh.length} nodes came up or went down`;
    } else if (fresh.length > 0) {
      news.textContent = fresh.map((row) => row.dataset.says).join('. ');
    }
  }

  // replace keeps the focus and the scrolled places of what it replaces.
  function replace(section, fresh) {
    const focused = section.contains(document.activeElement) ? document.activeElement.id : '';
    const places = Array.from(section.querySelectorAll('.scroll'), (box) => [box.id, box.scrollLeft, box.scrollTop]);
    section.replaceWith(fresh);
    for (const [id, left, top] of places) {
      document.getElementById(id)?.scrollTo({ left, top, behavior: 'instant' });
    }
    if (focused !== '') {
      document.getElementById(focused)?.focus({ preventScroll: true });
    }
  }

  function show(page) {
    if (page.documentElement.dataset.version !== document.documentElement.dataset.version) {
      location.reload(); // the daemon is of another version now
      return;
    }
    document.title = page.title;
    announce(page); // while it has its rows: sections move from there to here
    for (const section of document.querySelectorAll('main > section')) {
      const fresh = page.getElementById(section.id);
      if (fresh !== null && fresh.outerHTML !== section.outerHTML) {
        replace(section, fresh);
      }
    }
  }

  async function load() {
    const answer = await fetch(location.pathname + location.search, {
      cache: 'no-store',
      signal: AbortSignal.timeout(patience),
    });
    if (!answer.ok) {
      throw new Error(answer.statusText);
    }
    show(new DOMParser().parseFromString(await answer.text(), 'text/html'));
    drawn = new Date();
    lost.hidden = true;
  }

  function tellLost() {
    if (!lost.hidden) {
      return;
    }
    lost.textContent = `The connection to the daemon is lost since ${clock(new Date())}. What is below was so at ${clock(drawn)}.`;
    lost.hidden = false;
  }

  async function refresh() {
    again = true;
    if (busy) {
      return;
    }
    busy = true;
    while (again) {
      again = false;
      await load().catch(tellLost);
      await new Promise((over) => setTimeout(over, apart));
    }
    busy = false;
  }

  // A stream that breaks is opened again by the browser, but not one that was refused.
  function listen() {
    const stream = new EventSource('live');
    stream.addEventListener('open', refresh);
    stream.addEventListener('change', refresh);
    stream.addEventListener('error', () => {
      if (stream.readyState === EventSource.CLOSED) {
        setTimeout(listen, every);
        refresh();
      } else {
        tellLost();
      }
    });
  }

  setInterval(refresh, every);
  listen();
})();
