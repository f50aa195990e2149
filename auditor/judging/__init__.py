"""Judges an estate portion by portion: who gets in, what they may do, what is wrong, and what to say of it."""
