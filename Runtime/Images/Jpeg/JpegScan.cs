namespace Cameo.Images.Jpeg;

/// <summary>One scan: which coefficients of which components it has, and their decoding.</summary>
internal ref struct JpegScan
{
    private readonly JpegComponent[] _components;
    private readonly bool _isProgressive;
    private readonly int _first;
    private readonly int _last;
    private readonly int _high;
    private readonly int _low;
    private JpegBits _bits;
    private int _blocksWithoutMore;

    public JpegScan(ReadOnlySpan<byte> file, int offset, JpegComponent[] components, bool isProgressive, int first, int last, int high, int low)
    {
        _bits = new JpegBits(file, offset);
        (_components, _isProgressive, _first, _last, _high, _low) = (components, isProgressive, first, last, high, low);
        bool isPossible = isProgressive
            ? first <= last && last < 64 && low < 14 && high < 14 && (first > 0 ? components.Length == 1 : last == 0)
            : first == 0 && last == 63 && high == 0 && low == 0;
        if (!isPossible)
        {
            throw new InvalidImageException($"a scan of coefficients {first} to {last} at bits {high} and {low} is not possible.");
        }
    }

    /// <summary>Decodes all blocks and returns where the next marker is.</summary>
    public int Run(int unitsAcross, int unitsDown, int restartInterval)
    {
        bool isSingle = _components.Length == 1;
        long units = isSingle ? (long)_components[0].BlocksAcross * _components[0].BlocksDown : (long)unitsAcross * unitsDown;
        int across = isSingle ? _components[0].BlocksAcross : unitsAcross, restarts = 0;
        for (long unit = 0; unit < units; unit++)
        {
            if (unit == 0 || (restartInterval > 0 && unit % restartInterval == 0))
            {
                if (unit > 0)
                {
                    _bits.Restart(restarts++ % 8);
                }

                _blocksWithoutMore = 0;
                foreach (JpegComponent component in _components)
                {
                    component.Prediction = 0;
                }
            }

            int row = (int)(unit / across), column = (int)(unit % across);
            if (isSingle)
            {
                Decode(_components[0], _components[0].Block(row, column));
                continue;
            }

            foreach (JpegComponent component in _components)
            {
                for (int block = 0; block < component.Horizontal * component.Vertical; block++)
                {
                    Decode(component, component.Block((row * component.Vertical) + (block / component.Horizontal), (column * component.Horizontal) + (block % component.Horizontal)));
                }
            }
        }

        _bits.Align();
        return _bits.Offset;
    }

    private void Decode(JpegComponent component, Span<short> block)
    {
        if (!_isProgressive)
        {
            DecodeConstant(component, block);
            DecodeVarying(component, block, 1);
        }
        else if (_first == 0)
        {
            if (_high == 0)
            {
                DecodeConstant(component, block);
            }
            else if (_bits.Read(1) != 0)
            {
                block[0] |= (short)(1 << _low);
            }
        }
        else if (_high == 0)
        {
            DecodeVarying(component, block, _first);
        }
        else
        {
            Refine(component, block);
        }
    }

    private void DecodeConstant(JpegComponent component, Span<short> block)
    {
        int size = _bits.Decode(component.ConstantTable!);
        RequireSize(size, 16);
        component.Prediction += _bits.ReadSigned(size);
        block[0] = (short)(component.Prediction << _low);
    }

    private void DecodeVarying(JpegComponent component, Span<short> block, int first)
    {
        if (_blocksWithoutMore > 0)
        {
            _blocksWithoutMore--;
            return;
        }

        for (int index = first; index <= _last; index++)
        {
            int symbol = _bits.Decode(component.VaryingTable!), zeros = symbol >> 4, size = symbol & 15;
            if (size == 0)
            {
                if (zeros == 15)
                {
                    index += 15;
                    continue;
                }

                _blocksWithoutMore = _isProgressive ? (1 << zeros) - 1 + _bits.Read(zeros) : 0;
                return;
            }

            index += zeros;
            RequireSize(index, 63);
            block[JpegInverseTransform.NaturalOrder[index]] = (short)(_bits.ReadSigned(size) << _low);
        }
    }

    /// <summary>One more bit of coefficients that are known not to be 0, and new ones of one bit.</summary>
    private void Refine(JpegComponent component, Span<short> block)
    {
        int index = _first, bit = 1 << _low;
        if (_blocksWithoutMore == 0)
        {
            for (; index <= _last; index++)
            {
                int symbol = _bits.Decode(component.VaryingTable!), zeros = symbol >> 4, value = 0;
                if ((symbol & 15) != 0)
                {
                    RequireSize(symbol & 15, 1);
                    value = _bits.Read(1) != 0 ? bit : -bit;
                }
                else if (zeros < 15)
                {
                    _blocksWithoutMore = (1 << zeros) + _bits.Read(zeros);
                    break;
                }

                for (; index <= _last; index++)
                {
                    ref short coefficient = ref block[JpegInverseTransform.NaturalOrder[index]];
                    if (coefficient != 0)
                    {
                        RefineOne(ref coefficient, bit);
                    }
                    else if (zeros-- == 0)
                    {
                        coefficient = (short)value;
                        break;
                    }
                }
            }
        }

        if (_blocksWithoutMore > 0)
        {
            for (; index <= _last; index++)
            {
                ref short coefficient = ref block[JpegInverseTransform.NaturalOrder[index]];
                if (coefficient != 0)
                {
                    RefineOne(ref coefficient, bit);
                }
            }

            _blocksWithoutMore--;
        }
    }

    private void RefineOne(ref short coefficient, int bit)
    {
        if (_bits.Read(1) != 0 && (coefficient & bit) == 0)
        {
            coefficient += (short)(coefficient > 0 ? bit : -bit);
        }
    }

    private static void RequireSize(int value, int most)
    {
        if (value > most)
        {
            throw new InvalidImageException($"the JPEG file has a number of {value} where at most {most} is possible.");
        }
    }
}
