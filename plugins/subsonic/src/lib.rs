#![doc = "The directories you already have, as a source."]
