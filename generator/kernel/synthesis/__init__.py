"""The synthesis by rule: themes, agreements, conflicts, what stays open, and the abstract written from claims."""

from generator.kernel.synthesis.agreements import find_agreements
from generator.kernel.synthesis.gaps import list_unanswered, unanswered_terms
from generator.kernel.synthesis.quoting import LONGEST_RUN, as_quoted, outside_quotes, quotations
from generator.kernel.synthesis.themes import group_themes
from generator.kernel.synthesis.uncertainties import list_uncertainties
from generator.kernel.synthesis.writing import MOST_THEMES, QUOTES_PER_THEME, write_synthesis

__all__ = [
    "LONGEST_RUN",
    "MOST_THEMES",
    "QUOTES_PER_THEME",
    "as_quoted",
    "find_agreements",
    "group_themes",
    "list_unanswered",
    "list_uncertainties",
    "outside_quotes",
    "quotations",
    "unanswered_terms",
    "write_synthesis",
]
