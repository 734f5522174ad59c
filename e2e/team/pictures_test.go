package team

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// TestPictures takes the pictures of the README of a request that waits for approval, which make
// pictures asks for. What can be wrong on them, TestEveryStateIsAccessible finds.
func TestPictures(t *testing.T) {
	folder := os.Getenv("KEYFERRY_SCREENSHOTS")
	if folder == "" {
		t.Skip("make pictures takes them")
	}
	p := start(t)
	robin, ines := signIn(t, p, browser.Look{}, "Robin"), signIn(t, p, browser.Look{}, "Ines")
	id := robin.CreateRequest(program.Seeded[0], "payments/eu", 72*time.Hour, "")
	ines.prepare(id)
	ines.submit(program.Seeded[0])
	for _, language := range text.Languages {
		how := browser.Look{Language: language.Tag, Width: 1280}
		olga := signIn(t, p, how, "Olga")
		olga.sees(id, olga.Words.Team.Status.Submitted)
		olga.Resize(1280, 878)
		olga.Do(olga.Page.Screenshot(playwright.PageScreenshotOptions{
			Path: playwright.String(filepath.Join(folder, how.Name()+"-request.png")),
		}))
	}
}
