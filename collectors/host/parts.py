"""The parts of a Linux host, named alike whichever protocol tells of them. It asks nobody."""
