"""Languages of texts: patterns, lists, lengths, regular expressions and the automata behind them."""
