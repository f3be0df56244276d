"""Where papers come from: the common `Paper` record, the Atom door, and the bundled sample corpus."""
