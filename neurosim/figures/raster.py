raster=None
