//! Curves as SVG, both axes logarithmic.

use plotters::prelude::*;

use crate::Res;
use crate::report::median;

/// The colours of the curves, distinct on paper and to colour-blind readers.
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 90, 160),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(120, 94, 40),
    RGBColor(90, 90, 90),
];

/// One point of a curve.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    x: f64,
    median: f64,
    least: f64,
    most: f64,
}

impl Point {
    /// The point for these rounds; `None` if there are none.
    pub fn of(x: f64, rounds: Vec<f64>) -> Option<Point> {
        Some(Point {
            x,
            least: rounds.iter().copied().reduce(f64::min)?,
            most: rounds.iter().copied().reduce(f64::max)?,
            median: median(rounds)?,
        })
    }
}

/// One curve.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// Its points from left to right, all above zero.
    pub points: Vec<Point>,
}

/// Draws curves through medians, with the smallest and the largest round as thin strokes; returns the SVG.
pub fn draw(across: &str, up: &str, lines: &[Line]) -> Res<String> {
    let all = || lines.iter().flat_map(|line| line.points.iter());
    let bounds = |low: fn(&Point) -> f64, high: fn(&Point) -> f64| {
        let least = all().map(low).reduce(f64::min)?;
        let most = all().map(high).reduce(f64::max)?;
        Some((least, most))
    };
    let (x, y) = (bounds(|p| p.x, |p| p.x), bounds(|p| p.least, |p| p.most));
    let (Some(x), Some(y)) = (x, y) else {
        return Ok(String::new());
    };
    let mut svg = String::new();
    let root = SVGBackend::with_string(&mut svg, (760, 420)).into_drawing_area();
    root.fill(&WHITE)?;
    // The names stand at the ends of their curves, in the margin on the right.
    let mut chart = ChartBuilder::on(&root)
        .margin(14)
        .margin_right(110)
        .x_label_area_size(48)
        .y_label_area_size(76)
        .build_cartesian_2d(
            (x.0 * 0.9..x.1 * 1.1).log_scale(),
            (power(y.0, f64::floor)..power(y.1, f64::ceil)).log_scale(),
        )?;
    chart
        .configure_mesh()
        .x_desc(across)
        .y_desc(up)
        .x_label_formatter(&|value| short(*value))
        .y_label_formatter(&|value| short(*value))
        .label_style(("sans-serif", 14))
        .axis_desc_style(("sans-serif", 15))
        .light_line_style(RGBColor(240, 240, 240))
        .bold_line_style(RGBColor(215, 215, 215))
        .draw()?;
    let mut names = Vec::new();
    for (line, colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        let mut points = line.points.iter().map(|p| (p.x, p.median));
        chart.draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?;
        chart.draw_series(points.clone().map(|p| Circle::new(p, 4, colour.filled())))?;
        let spreads = line.points.iter();
        let spreads = spreads.map(|p| vec![(p.x, p.least), (p.x, p.most)]);
        chart.draw_series(spreads.map(|ends| PathElement::new(ends, colour.stroke_width(1))))?;
        if let Some(last) = points.next_back() {
            let (x, y) = chart.backend_coord(&last);
            names.push((y, x, line.name.clone(), *colour));
        }
    }
    names.sort_by_key(|name| name.0);
    let mut below = i32::MIN;
    for (y, x, name, colour) in names {
        let y = y.max(below);
        below = y + 17;
        let style = ("sans-serif", 15).into_font().color(&colour);
        root.draw(&Text::new(name, (x + 10, y - 8), style))?;
    }
    root.present()?;
    drop(chart);
    drop(root);
    Ok(svg)
}

/// The next power of ten below or above.
fn power(value: f64, round: fn(f64) -> f64) -> f64 {
    10f64.powf(round(value.log10()))
}

/// Formats 1,000 as `1 k`, and so on.
fn short(value: f64) -> String {
    match value {
        v if v >= 1e6 => format!("{} M", v / 1e6),
        v if v >= 1e3 => format!("{} k", v / 1e3),
        v => format!("{v}"),
    }
}
