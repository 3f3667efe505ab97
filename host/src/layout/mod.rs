//! Where a track goes, relative to the library. Pure: looks at no disk.

mod collisions;
mod names;
mod path;

pub use collisions::{Collisions, resolve};
pub use names::{STEM_LIMIT, component, component_with_limit};
pub use path::{NotInside, RelPath};
