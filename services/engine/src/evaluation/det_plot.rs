//! The detection error trade-off as a picture: both error rates on axes of normal deviates (A. Martin and others, 1997).

use std::fmt::Write;

use super::{
    measure::{curve, equal_error_rate},
    pairs::Pairs,
};

/// Side of the plotted square, pixels.
const SIDE: f64 = 480.0;
const MARGIN: f64 = 64.0;

/// Rates at which lines are drawn; the first and the last are the ends of both axes.
const TICKS: [f64; 11] = [1e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.5];

/// The plot as an SVG document. What lies below one pair's share is not claimed: it is grey, and the curve ends there.
pub fn det_plot(pairs: &Pairs) -> String {
    let curve = curve(pairs.all(), |_| 1).unwrap_or_default();
    let floors = [1.0 / pairs.impostor() as f64, 1.0 / pairs.genuine() as f64];
    let size = SIDE + 2.0 * MARGIN;
    let mut svg = String::new();
    // Writing to a string does not fail.
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" font-family=\"sans-serif\" \
         font-size=\"11\">\n<rect width=\"{size}\" height=\"{size}\" fill=\"#fff\"/>\n"
    );
    let (left, top) = (x(floors[0]), y(floors[1]));
    let end = MARGIN + SIDE;
    let _ = write!(
        svg,
        "<path d=\"M{MARGIN:.1} {MARGIN:.1}H{left:.1}V{end:.1}H{MARGIN:.1}Z\" fill=\"#eee\"/>\n\
         <path d=\"M{MARGIN:.1} {top:.1}H{end:.1}V{end:.1}H{MARGIN:.1}Z\" fill=\"#eee\"/>\n"
    );
    for tick in TICKS {
        let (at_x, at_y, label) = (x(tick), y(tick), percent(tick));
        let _ = write!(
            svg,
            "<path d=\"M{at_x:.1} {MARGIN:.1}V{end:.1}M{MARGIN:.1} {at_y:.1}H{end:.1}\" stroke=\"#ccc\"/>\n\
             <text x=\"{at_x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>\n",
            end + 16.0,
            MARGIN - 6.0,
            at_y + 4.0,
        );
    }
    let points: Vec<String> = curve
        .iter()
        .map(|rates| format!("{:.1},{:.1}", x(rates.fmr.max(floors[0])), y(rates.fnmr.max(floors[1]))))
        .collect();
    let _ = write!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"#0a58ca\" stroke-width=\"2\"/>\n\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">false match rate</text>\n\
         <text x=\"16\" y=\"{:.1}\" text-anchor=\"middle\" transform=\"rotate(-90 16 {:.1})\">false non-match rate</text>\n\
         <text x=\"{MARGIN:.1}\" y=\"28\" font-size=\"13\">{} pairs of one person, {} of two; EER {}</text>\n\
         <text x=\"{MARGIN:.1}\" y=\"44\">grey: less than one pair, nothing is claimed</text>\n</svg>\n",
        points.join(" "),
        MARGIN + SIDE / 2.0,
        size - 14.0,
        MARGIN + SIDE / 2.0,
        MARGIN + SIDE / 2.0,
        pairs.genuine(),
        pairs.impostor(),
        percent(equal_error_rate(&curve)),
    );
    svg
}

fn x(rate: f64) -> f64 {
    MARGIN + SIDE * place(rate)
}

fn y(rate: f64) -> f64 {
    MARGIN + SIDE * (1.0 - place(rate))
}

/// Where a rate lies on an axis, 0 to 1.
fn place(rate: f64) -> f64 {
    let (first, last) = (probit(TICKS[0]), probit(TICKS[TICKS.len() - 1]));
    ((probit(rate.clamp(TICKS[0], TICKS[TICKS.len() - 1])) - first) / (last - first)).clamp(0.0, 1.0)
}

fn percent(rate: f64) -> String {
    let text = format!("{:.2}", 100.0 * rate);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Normal deviate of a rate above 0 and up to 0.5; Abramowitz and Stegun 26.2.23, off by at most 4.5e-4.
fn probit(rate: f64) -> f64 {
    let t = (-2.0 * rate.ln()).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    above / below - t
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn deviates_are_those_of_the_tables() {
        for (rate, deviate) in [(0.5, 0.0), (0.1, -1.2816), (0.01, -2.3263), (0.001, -3.0902)] {
            assert!((probit(rate) - deviate).abs() < 5e-4, "{rate}: {}", probit(rate));
        }
    }

    /// K4: the curve stays within its axes, and ends where nothing is claimed any more.
    #[test]
    fn the_curve_stays_within_the_plot() {
        let pairs =
            Pairs::parse(b"same,distance\n1,0.1\n1,0.6\n0,0.5\n0,0.9\n0,0.9\n0,0.9\n0,0.95\n").unwrap();
        let svg = det_plot(&pairs);
        let points = svg.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
        let numbers = points.split([' ', ',']).map(|text| text.parse::<f64>().unwrap());
        assert!(numbers.clone().count() >= 8);
        for number in numbers {
            assert!((MARGIN..=MARGIN + SIDE).contains(&number), "{number}");
        }
        assert!(svg.contains("2 pairs of one person, 5 of two"), "{svg}");
        assert_eq!(svg.matches("<svg").count(), svg.matches("</svg>").count());
    }
}
