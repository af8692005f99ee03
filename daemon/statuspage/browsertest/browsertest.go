// Package browsertest is a real browser for tests of the status page: Debian's
// Chromium, without a window.
package browsertest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"interconnectd/erlterm/required"
)

// Start starts a browser with a profile of its own, which ends with the test.
func Start(t *testing.T) context.Context {
	t.Helper()
	required.Programs(t, "chromium")
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(stop)
	ctx, end := chromedp.NewExecAllocator(ctx,
		chromedp.ExecPath("chromium"), chromedp.UserDataDir(t.TempDir()), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true),
	)
	t.Cleanup(end) // waits for the process
	ctx, leave := chromedp.NewContext(ctx, chromedp.WithErrorf(t.Logf))
	t.Cleanup(leave)
	return ctx
}

// Visit opens a page in a window of that size.
func Visit(t *testing.T, ctx context.Context, width, height int64, url string) {
	t.Helper()
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, height), chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
}

// Eval is what an expression of JavaScript gives, which may be a promise.
func Eval[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// Eventually waits in the browser until an expression is true, and tells how long.
func Eventually(t *testing.T, ctx context.Context, what, expression string) time.Duration {
	t.Helper()
	began := time.Now()
	const loop = `new Promise((over) => {
		const until = Date.now() + 20000;
		const look = () => {
			const seen = Boolean(%);
			if (seen || Date.now() > until) { over(seen); } else { setTimeout(look, 10); }
		};
		look();
	})`
	if !Eval[bool](t, ctx, strings.Replace(loop, "%", expression, 1)) {
		t.Fatalf("%s: not within 20 s; the page has %s", what, Eval[string](t, ctx, `document.body.innerText`))
	}
	return time.Since(began)
}
