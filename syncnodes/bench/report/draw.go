package report

import (
	"bytes"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// chart is a plot: bars in groups, or lines where it has no groups.
type chart struct {
	file, title string
	x, y        string // what the axes are called; their units stand at the ticks
	unit        unit   // of y
	log, logX   bool
	groups      []string // x of a bar is the number of its group
	series      []series
}

type series struct {
	name   string
	colour color.RGBA
	points []point
}

// point is a median, with its spread.
type point struct{ x, y, least, most float64 }

// add adds a point, unless it is missing: a logarithm has no place for it, and a bar no
// height.
func (s *series) add(x float64, sample Sample) {
	if y := sample.Median(); y > 0 {
		least, most := sample.Spread()
		if least <= 0 {
			least = y
		}
		s.points = append(s.points, point{x, y, least, most})
	}
}

// add adds a series, unless nothing is in it.
func (c *chart) add(s series) {
	if len(s.points) > 0 {
		c.series = append(c.series, s)
	}
}

func (c *chart) empty() bool { return len(c.series) == 0 }

const (
	chartWidth, chartHeight = 640, 340 // points
	margin                  = 10
	headRoom                = 64 // of title, legend, and what y is
	footRoom                = 18 // of what x is

	tickSize, labelSize, titleSize, valueSize = 10, 11, 14, 8
)

var (
	grey = color.Gray{0xdd}
	dark = color.Gray{0x33}
)

// fonts are what a viewer has that is as wide as that which was measured with.
const fonts = "font-family:'Liberation Sans',Arial,Helvetica,sans-serif;"

func (c *chart) svg() ([]byte, error) {
	canvas := vgsvg.New(chartWidth, chartHeight)
	all := draw.New(canvas)
	all.SetColor(color.White)
	all.Fill(all.Path())
	inner := draw.Crop(all, margin, -margin, margin, -margin)
	c.drawWords(inner)
	c.plot().Draw(draw.Crop(inner, 0, 0, footRoom, -headRoom))
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return nil, err
	}
	return bytes.ReplaceAll(out.Bytes(), []byte("font-family:Liberation Sans;"), []byte(fonts)), nil
}

func letters(size vg.Length) text.Style {
	return text.Style{
		Color:   dark,
		Font:    font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, size),
		Handler: plot.DefaultTextHandler,
	}
}

// drawWords draws the title, the legend in a row below it, and what the axes are called:
// the library's own names of an axis are misplaced where it is of logarithms.
func (c *chart) drawWords(canvas draw.Canvas) {
	title, label := letters(titleSize), letters(labelSize)
	title.YAlign = text.YTop
	canvas.FillText(title, vg.Point{X: canvas.Min.X, Y: canvas.Max.Y}, c.title)
	canvas.FillText(label, vg.Point{X: canvas.Min.X, Y: canvas.Max.Y - headRoom + 8}, c.y)
	label.XAlign = text.XCenter
	canvas.FillText(label, vg.Point{X: canvas.Center().X, Y: canvas.Min.Y}, c.x)
	if len(c.series) < 2 {
		return
	}
	const box, gap = 10, 26
	label.XAlign = text.XLeft
	at := vg.Point{X: canvas.Min.X, Y: canvas.Max.Y - 34}
	for _, s := range c.series {
		fill(&canvas, s.colour, at.X, at.Y, box, box)
		at.X += box + 5
		canvas.FillText(label, vg.Point{X: at.X, Y: at.Y + 1}, s.name)
		at.X += label.Width(s.name)*1.1 + gap // a font of the viewer's may be wider
	}
}

func fill(canvas *draw.Canvas, colour color.Color, x, y, width, height vg.Length) {
	canvas.FillPolygon(colour, []vg.Point{{X: x, Y: y}, {X: x + width, Y: y}, {X: x + width, Y: y + height}, {X: x, Y: y + height}})
}

func (c *chart) plot() *plot.Plot {
	p := plot.New()
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Padding = 0
		axis.Color = dark
		tick := axis.Tick.Label
		axis.Tick.Label = letters(tickSize)
		axis.Tick.Label.XAlign, axis.Tick.Label.YAlign = tick.XAlign, tick.YAlign
		axis.Tick.Length, axis.Tick.Color = 4, dark
	}
	p.X.Min, p.X.Max, p.X.Tick.Marker = c.rangeX()
	p.Y.Min, p.Y.Max, p.Y.Tick.Marker = c.rangeY()
	if c.log {
		p.Y.Scale = plot.LogScale{}
	}
	if c.logX {
		p.X.Scale = plot.LogScale{}
	}
	grid := plotter.NewGrid()
	grid.Vertical.Width = 0
	grid.Horizontal.Color = grey
	p.Add(grid)
	if len(c.groups) > 0 {
		p.Add(bars{c})
	} else {
		p.Add(lines{c})
	}
	return p
}

// rangeX has a tick for each group, or for each place that has a point.
func (c *chart) rangeX() (least, most float64, ticks plot.ConstantTicks) {
	if len(c.groups) > 0 {
		for i, group := range c.groups {
			ticks = append(ticks, plot.Tick{Value: float64(i), Label: group})
		}
		return -0.5, float64(len(c.groups)) - 0.5, ticks
	}
	var at []float64
	for _, p := range c.points() {
		at = append(at, p.x)
	}
	slices.Sort(at)
	at = slices.Compact(at)
	least, most = at[0], at[len(at)-1]
	if c.logX {
		least, most = least/1.4, most*1.4
	} else {
		least, most = 0, most*1.08
	}
	for i, x := range at {
		tick := plot.Tick{Value: x, Label: count(int(x))}
		if i > 0 && !c.logX && x-at[i-1] < (most-least)/25 { // they would overlap
			tick.Label = ""
		}
		ticks = append(ticks, tick)
	}
	return least, most, ticks
}

// rangeY leaves room for the figures above the points. Of logarithms it has whole decades.
func (c *chart) rangeY() (least, most float64, ticks plot.ConstantTicks) {
	least, most = math.Inf(1), 0
	for _, p := range c.points() {
		least, most = min(least, p.least, p.y), max(most, p.most)
	}
	if !c.log {
		most *= 1.15
		for i, step := 0., roundStep(most/6); i*step <= most; i++ {
			ticks = append(ticks, plot.Tick{Value: i * step, Label: c.tick(i*step) + " "})
		}
		return 0, most, ticks
	}
	low, high := math.Floor(math.Log10(least)-0.01), math.Ceil(math.Log10(most*1.5))
	for e := low; e <= high; e++ {
		v := math.Pow(10, e)
		ticks = append(ticks, plot.Tick{Value: v, Label: c.tick(v) + " "}) // a wider font needs that room
	}
	return math.Pow(10, low), math.Pow(10, high), ticks
}

// roundStep is the next 1, 2 or 5 of a decade.
func roundStep(v float64) float64 {
	decade := math.Pow(10, math.Floor(math.Log10(v)))
	for _, n := range []float64{1, 2, 5} {
		if v <= n*decade {
			return n * decade
		}
	}
	return 10 * decade
}

// tick is a figure without the zeros that its precision gives it.
func (c *chart) tick(v float64) string {
	number, name := c.unit(v)
	if strings.Contains(number, ".") {
		number = strings.TrimRight(strings.TrimRight(number, "0"), ".")
	}
	if v == 0 {
		return "0"
	}
	return strings.TrimSpace(number + " " + name)
}

func (c *chart) points() []point {
	var all []point
	for _, s := range c.series {
		all = append(all, s.points...)
	}
	return all
}

// bars draws a bar for the median, a line over the spread, and the figure above it.
type bars struct{ *chart }

func (b bars) Plot(canvas draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&canvas)
	const most, filled, gap = 64, 0.82, 2
	slot := min(most, (x(1)-x(0))*filled/vg.Length(len(b.series)))
	label := letters(valueSize)
	label.XAlign = text.XCenter
	fits := true
	for _, pt := range b.points() {
		fits = fits && label.Width(b.unit.text(pt.y))*1.1 < slot
	}
	for i, s := range b.series {
		offset := slot * (vg.Length(i) - vg.Length(len(b.series))/2)
		for _, pt := range s.points {
			left := x(pt.x) + offset
			fill(&canvas, s.colour, left+gap/2, canvas.Min.Y, slot-gap, y(pt.y)-canvas.Min.Y)
			spread(&canvas, left+slot/2, pt, y)
			if fits {
				canvas.FillText(label, vg.Point{X: left + slot/2, Y: y(max(pt.y, pt.most)) + 3}, b.unit.text(pt.y))
			}
		}
	}
}

// spread draws a line from the least to the most, where they are two.
func spread(canvas *draw.Canvas, x vg.Length, pt point, y func(float64) vg.Length) {
	if pt.least == pt.most {
		return
	}
	style := draw.LineStyle{Color: dark, Width: 1}
	const end = 3
	low, high := max(canvas.Min.Y, y(pt.least)), y(pt.most)
	canvas.StrokeLine2(style, x, low, x, high)
	canvas.StrokeLine2(style, x-end, low, x+end, low)
	canvas.StrokeLine2(style, x-end, high, x+end, high)
}

// lines draws a line for each series, with its figures: those of the first, which is the
// upper one, above it, and those of the others below.
type lines struct{ *chart }

func (l lines) Plot(canvas draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&canvas)
	label := letters(valueSize)
	label.XAlign = -0.75 // a line that rises leaves more room on its left
	for i, s := range l.series {
		above := vg.Length(6)
		if i > 0 {
			above = -12
		}
		var path []vg.Point
		for _, pt := range s.points {
			path = append(path, vg.Point{X: x(pt.x), Y: y(pt.y)})
		}
		canvas.StrokeLines(draw.LineStyle{Color: s.colour, Width: 2}, path)
		for j, at := range path {
			canvas.DrawGlyph(draw.GlyphStyle{Color: s.colour, Radius: 3, Shape: draw.CircleGlyph{}}, at)
			canvas.FillText(label, vg.Point{X: at.X, Y: at.Y + above}, l.unit.text(s.points[j].y))
		}
	}
}
