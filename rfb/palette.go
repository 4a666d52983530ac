package rfb

// palette is the set of a tile's colours, in the order in which they were found.
type palette struct {
	colours [maxPalette]uint32
	n       int
	// A hash table: colour<<32 | generation<<16 | index, a slot of another generation being free.
	slots      [paletteSlots]uint64
	generation uint16
}

const (
	maxPalette   = 256 // colours, of any encoding
	paletteSlots = 1024
)

func (p *palette) reset() {
	p.n = 0
	if p.generation++; p.generation == 0 {
		clear(p.slots[:])
		p.generation = 1
	}
}

// find returns the slot of a colour, and whether it is there or may be put there.
func (p *palette) find(colour uint32) (slot uint32, found bool) {
	key := uint64(colour)<<16 | uint64(p.generation)
	slot = colour * 0x9e3779b1 >> 22
	for {
		s := p.slots[slot%paletteSlots]
		if s>>16 == key {
			return slot % paletteSlots, true
		}
		if uint16(s>>16) != p.generation {
			return slot % paletteSlots, false
		}
		slot++
	}
}

func (p *palette) has(colour uint32) bool {
	_, found := p.find(colour)
	return found
}

// add returns false when the colour is new and the palette already holds limit, at most maxPalette.
func (p *palette) add(colour uint32, limit int) bool {
	slot, found := p.find(colour)
	if found {
		return true
	}
	if p.n >= limit {
		return false
	}
	p.slots[slot] = uint64(colour)<<32 | uint64(p.generation)<<16 | uint64(p.n)
	p.colours[p.n] = colour
	p.n++
	return true
}

// index returns the place of a colour that is in the palette.
func (p *palette) index(colour uint32) byte {
	slot, _ := p.find(colour)
	return byte(p.slots[slot])
}

// addRow adds a row's colours, up to limit, and returns false when there are more. It counts in runs the pixels
// that differ from the one before them.
func (p *palette) addRow(row []uint32, limit int, runs *int) bool {
	if p.n == 0 {
		p.add(row[0], limit)
	}
	last, other := row[0], p.colours[0] // text goes to and fro between two colours: neither needs the hash table
	if last != other && !p.add(last, limit) {
		return false
	}
	changes := 1
	for _, px := range row[1:] {
		if px == last {
			continue
		}
		changes++
		if px != other && !p.add(px, limit) {
			return false
		}
		last, other = px, last
	}
	*runs += changes
	return true
}

// appendIndices adds the place of each pixel of a row, all of which the palette has.
func (p *palette) appendIndices(dst []byte, row []uint32) []byte {
	n := len(dst)
	dst = extend(dst, len(row))
	out := dst[n:]
	last, other := row[0], row[0]
	at := p.index(last)
	atOther := at
	for i, px := range row {
		if px != last {
			if px == other {
				at, atOther = atOther, at
			} else {
				at, atOther = p.index(px), at
			}
			last, other = px, last
		}
		out[i] = at
	}
	return dst
}

// appendBits adds one bit a pixel, the leftmost in the highest, set where it is the second of two colours,
// and fills the last byte with zeros.
func (p *palette) appendBits(dst []byte, row []uint32) []byte {
	zero := p.colours[0]
	for len(row) >= 8 {
		b := *(*[8]uint32)(row)
		row = row[8:]
		dst = append(dst, differs(b[0], zero)<<7|differs(b[1], zero)<<6|differs(b[2], zero)<<5|differs(b[3], zero)<<4|
			differs(b[4], zero)<<3|differs(b[5], zero)<<2|differs(b[6], zero)<<1|differs(b[7], zero))
	}
	if len(row) > 0 {
		var b byte
		for i, px := range row {
			b |= differs(px, zero) << (7 - i)
		}
		dst = append(dst, b)
	}
	return dst
}

func differs(a, b uint32) byte {
	if a != b {
		return 1
	}
	return 0
}
