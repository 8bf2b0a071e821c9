//! `chatroom replay --plot`: the talk over time, and by hour and weekday, as a picture.
//!
//! Invariant: the picture needs no other file. A PNG is drawn with the font in this program, so that it works
//! on machines without any; an SVG uses the viewer's fonts. A picture replaces an existing one once it is
//! whole, but never the log.

mod canvas;
mod sheet;

use std::fs;
use std::path::{Path, PathBuf};

use plotters::prelude::*;

use super::tally::Tally;
use crate::failure::{Failure, reason};
use crate::modes::replay::read::log::{Log, LogInput, shown};
use crate::system::files::FileId;
use crate::system::replace::replace_contents;
use canvas::Canvas;
use sheet::{HEIGHT, Sheet, WIDTH};

/// Pixels of a PNG for each of an SVG's, so that it is sharp on every screen.
const SCALE: u32 = 2;

/// The destination of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Picture {
    path: PathBuf,
    kind: PictureFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PictureFormat {
    Svg,
    Png,
}

impl Picture {
    /// A picture of the log at that path; nothing is written yet.
    ///
    /// # Errors
    /// A sentence about another ending, a missing folder, or the log itself.
    pub(super) fn at(path: &Path, log: &Log) -> Result<Picture, Failure> {
        let name = shown(path);
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        let kind = match ending.to_ascii_lowercase().as_str() {
            "svg" => PictureFormat::Svg,
            "png" => PictureFormat::Png,
            _ => {
                return Err(Failure::new(format!(
                    "--plot {name}: pictures are drawn as SVG or PNG. Give a name that ends in \
                     .svg or .png."
                )));
            }
        };
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            return Err(Failure::new(format!(
                "--plot {name}: there is no folder {}. Make it, or name another.",
                shown(folder)
            )));
        }
        let there = fs::metadata(path).ok();
        if there.as_ref().is_some_and(|there| there.is_dir()) {
            return Err(Failure::new(format!(
                "--plot {name} is a folder. Name a file for the picture."
            )));
        }
        if let (Some(there), LogInput::File { file, .. }) = (&there, &log.input)
            && let Ok(log) = file.metadata()
            && FileId::of(there) == FileId::of(&log)
        {
            return Err(Failure::new(format!(
                "--plot {name} is the log itself. Name another file for the picture."
            )));
        }
        Ok(Picture {
            path: path.to_path_buf(),
            kind,
        })
    }

    /// Draws the tally of the log called `log`, and returns the sentence to print.
    ///
    /// # Errors
    /// There is nothing to draw, or the picture cannot be written.
    pub(super) fn draw(&self, tally: &Tally, log: &str) -> Result<String, Failure> {
        let Some(sheet) = Sheet::of(tally, log) else {
            return Err(Failure::new(format!(
                "There is nothing to draw: the selected part of {log} has no messages. Check \
                 --from, --to, --user, --grep and --only."
            )));
        };
        let name = shown(&self.path);
        let drawn = match self.kind {
            PictureFormat::Svg => svg(&sheet),
            PictureFormat::Png => png(&sheet),
        };
        let bytes = drawn.map_err(|why| {
            Failure::new(format!(
                "{name} could not be drawn: {why}. Try the other kind of picture, .svg or .png."
            ))
        })?;
        // No other process takes this name.
        let ending = format!("part-{}", std::process::id());
        replace_contents(&self.path, &bytes, &ending).map_err(|error| {
            Failure::new(format!(
                "{name} could not be written: {}. Name a place where you may write and that has \
                 space.",
                reason(&error)
            ))
        })?;
        Ok(format!("Drew {name}.\n"))
    }
}

fn svg(sheet: &Sheet<'_>) -> Result<Vec<u8>, String> {
    let mut drawn = String::new();
    {
        let root = SVGBackend::with_string(&mut drawn, (WIDTH, HEIGHT)).into_drawing_area();
        sheet.draw(&Canvas::new(root, 1)?)?;
    }
    // The title for readers who cannot see the picture.
    let (head, rest) = drawn.split_once(">\n").ok_or("it has no beginning")?;
    let title = xml(&sheet.title());
    Ok(format!("{head} role=\"img\">\n<title>{title}</title>\n{rest}").into_bytes())
}

/// The text as XML, in which some characters cannot occur.
fn xml(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
    out
}

fn png(sheet: &Sheet<'_>) -> Result<Vec<u8>, String> {
    let (wide, high) = (WIDTH * SCALE, HEIGHT * SCALE);
    let mut pixels = vec![0; (wide * high * 3) as usize];
    {
        let root = BitMapBackend::with_buffer(&mut pixels, (wide, high)).into_drawing_area();
        sheet.draw(&Canvas::new(root, SCALE)?)?;
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, wide, high);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let words = |error: png::EncodingError| error.to_string();
    let title = encoder.add_itxt_chunk("Title".to_string(), sheet.title());
    title.map_err(words)?;
    let mut writer = encoder.write_header().map_err(words)?;
    writer.write_image_data(&pixels).map_err(words)?;
    writer.finish().map_err(words)?;
    Ok(bytes)
}
