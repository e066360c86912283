"""What joules come to at a place: grams of CO2-equivalents and money, and what these were made with.

`grid_intensity.csv` holds Ember's yearly averages by country, `rates` is what holds at a site, `footprint` applies it.
Imports the vocabulary only, and reads the table when somebody names a country: a client pays nothing for it.
"""
