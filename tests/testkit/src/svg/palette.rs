//! The terminal's sixteen colours, on a light and on a dark page.

use std::fmt::Write as _;

/// A page's colour, that of text without a colour, and the sixteen.
struct Palette {
    paper: u32,
    ink: u32,
    colours: [u32; 16],
}

/// Each colour is a text on the paper, and a ground under text in the colour of the paper. So black is a light grey on
/// the dark page.
const LIGHT: Palette = Palette {
    paper: 0xff_ff_ff,
    ink: 0x1e_23_2b,
    colours: [
        0x2a_30_3a, 0xb4_23_1e, 0x1c_6b_2f, 0x80_56_00, 0x1f_55_b8, 0x83_32_a6, 0x08_68_72, 0x53_5c_68, //
        0x65_6c_78, 0xc9_2a_2a, 0x20_78_38, 0x8a_5f_00, 0x25_63_cf, 0x93_3f_b8, 0x0b_73_7d, 0x1e_23_2b,
    ],
};

const DARK: Palette = Palette {
    paper: 0x16_1a_21,
    ink: 0xdb_e0_e8,
    colours: [
        0x98_a1_ae, 0xf5_7f_78, 0x8c_cf_7e, 0xe6_c3_5c, 0x7f_b4_f5, 0xd3_9b_ee, 0x6f_d0_d8, 0xc3_ca_d4, //
        0x98_a1_ae, 0xff_9d_96, 0xa5_e0_98, 0xf3_d5_7d, 0xa2_ca_fa, 0xe2_b8_f6, 0x93_e2_e8, 0xf2_f5_f9,
    ],
};

/// The classes `c0` to `c15`, and `g` for the ground of the page.
pub(super) fn css() -> String {
    format!("{}@media(prefers-color-scheme:dark){{\n{}}}\n", LIGHT.css(), DARK.css())
}

impl Palette {
    fn css(&self) -> String {
        let mut css = format!("svg{{color:#{:06x}}}.g{{color:#{:06x}}}", self.ink, self.paper);
        for (number, colour) in self.colours.iter().enumerate() {
            let _ = write!(css, ".c{number}{{color:#{colour:06x}}}");
        }
        css + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The relative luminance of WCAG 2.2.
    fn luminance(colour: u32) -> f64 {
        let [_, red, green, blue] = colour.to_be_bytes().map(|byte| {
            let share = f64::from(byte) / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    #[test]
    fn every_colour_can_be_read_on_the_paper_and_the_paper_on_it() {
        for palette in [LIGHT, DARK] {
            for colour in palette.colours.into_iter().chain([palette.ink]) {
                let (one, other) = (luminance(palette.paper) + 0.05, luminance(colour) + 0.05);
                // The ratio has no direction; 4.5 is level AA (WCAG 2.2, 1.4.3).
                assert!(one.max(other) / one.min(other) >= 4.5, "#{colour:06x} on #{:06x}", palette.paper);
            }
        }
    }
}
