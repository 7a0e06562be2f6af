"""The parts of the address bar; pages use ``address_bar``, where all of them are."""
