using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// A block of queries against a range of keys. For each row it keeps the largest score so far, the sum of exponentials relative to it and
/// the values weighted by them; a larger score scales both down (the online softmax).
/// </summary>
[SkipLocalsInit]
internal unsafe struct AttentionBlock<V, TScore>
    where V : struct, IVector<V>
    where TScore : struct, IScoreModifier
{
    private readonly AttentionArguments _arguments;
    private readonly TScore _modifier;
    private readonly AttentionShape _shape;
    private readonly AttentionResults<V> _results;
    private readonly float* _queries;
    private readonly float* _scores;
    private readonly float* _outputs;
    private readonly float* _keyTile;
    private readonly float* _valueTile;
    private readonly float* _wideTile;
    private readonly float* _maxima;
    private readonly float* _sums;
    private readonly int* _firstKeys;
    private readonly int* _endKeys;

    private nint _batch;
    private nint _keyHead;
    private nint _begin;
    private nint _rows;

    public AttentionBlock(in AttentionArguments arguments, TScore modifier, in AttentionShape shape, byte* scratch)
    {
        _arguments = arguments;
        _modifier = modifier;
        _shape = shape;
        _queries = (float*)scratch;
        _scores = _queries + shape.ScoreOffset;
        _outputs = _queries + shape.OutputOffset;
        _keyTile = _queries + shape.KeyOffset;
        _valueTile = _queries + shape.ValueOffset;
        _wideTile = _queries + shape.WideOffset;
        _maxima = _queries + shape.RowOffset;
        _firstKeys = (int*)(_maxima + shape.RowStride);
        _endKeys = _firstKeys + shape.RowStride;
        _sums = _queries + shape.SumOffset;
        _results = new(arguments, shape, _valueTile);
    }

    /// <summary>Computes the rows [begin, begin + rows) of a key head over the keys [keyBegin, keyEnd) that they see.</summary>
    /// <param name="batch">Row of the batch.</param>
    /// <param name="keyHead">Key head.</param>
    /// <param name="begin">First row.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="keyBegin">First key.</param>
    /// <param name="keyEnd">Past the last key.</param>
    /// <param name="next">Address of the keys that will be read after these; null if they are not known.</param>
    public void Compute(nint batch, nint keyHead, nint begin, nint rows, nint keyBegin, nint keyEnd, void* next)
    {
        _batch = batch;
        _keyHead = keyHead;
        _begin = begin;
        _rows = rows;
        PrepareRows(keyBegin, keyEnd);
        (nint first, nint end) = Seen(0, rows);
        nint tile = first / _shape.TileKeys * _shape.TileKeys;
        for (nint key = first; key < end; key = tile)
        {
            tile += _shape.TileKeys;
            nint count = Math.Min(tile, end) - key;
            if (!_shape.IsFew)
            {
                AddTile(key, count, Math.Min(tile + _shape.TileKeys, end) - tile);
            }
            else
            {
                AddTileToFewRows(key, count, tile < end ? KeyAddress(tile) : next);
            }
        }
    }

    /// <summary>Address of a key.</summary>
    public readonly void* KeyAddress(nint batch, nint keyHead, nint key) =>
        AttentionNarrow.At(_arguments.Key, (batch * _arguments.KeyBatchStride) + (keyHead * _arguments.KeyHeadStride) + (key * _arguments.KeySequenceStride), _arguments.Element);

    /// <summary>Divides by the sums and writes the output of the computed rows.</summary>
    public readonly void StoreOutput()
    {
        (nint query, nint member) = Math.DivRem(_begin, _shape.Group);
        for (nint row = 0; row < _rows; row++)
        {
            _results.Store(_batch, _keyHead, query, member, _outputs + (row * _shape.PaddedValue), _maxima[row], Sum(row));
            if (++member == _shape.Group)
            {
                member = 0;
                query++;
            }
        }
    }

    /// <summary>Writes maximum, sum and weighted values of the computed rows for <see cref="AttentionResults{V}.Combine"/>.</summary>
    public readonly void StorePartial(float* partials)
    {
        for (nint row = 0; row < _rows; row++)
        {
            float* partial = partials + (row * _shape.PartialStride);
            partial[0] = _maxima[row];
            partial[1] = Sum(row);
            float* source = _outputs + (row * _shape.PaddedValue);
            for (nint element = 0; element < _shape.PaddedValue; element += V.Count)
            {
                V.Store(V.Load(source + element), partial + AttentionShape.PartialHeader + element);
            }
        }
    }

    /// <summary>Adds up the partial results of all rows of a key head and writes the output.</summary>
    public readonly void Combine(nint batch, nint keyHead, float* partials, nint chunks) => _results.Combine(batch, keyHead, partials, chunks, _outputs);

    private readonly nint ElementBytes => _shape.IsNarrow ? sizeof(ushort) : sizeof(float);

    private readonly float Sum(nint row) => V.ReduceAdd(V.Load(_sums + (row * V.Count)));

    private readonly void* KeyAddress(nint key) => KeyAddress(_batch, _keyHead, key);

    private readonly void* ValueAddress(nint key) =>
        AttentionNarrow.At(_arguments.Value, (_batch * _arguments.ValueBatchStride) + (_keyHead * _arguments.ValueHeadStride) + (key * _arguments.ValueSequenceStride), _arguments.Element);

    /// <summary>The keys that some of the rows [begin, end) see; none if the first is not before the end.</summary>
    private readonly (nint First, nint End) Seen(nint begin, nint end)
    {
        nint firstKey = int.MaxValue;
        nint endKey = 0;
        for (nint row = begin; row < end; row++)
        {
            if (_firstKeys[row] < _endKeys[row])
            {
                firstKey = Math.Min(firstKey, _firstKeys[row]);
                endKey = Math.Max(endKey, _endKeys[row]);
            }
        }

        return (firstKey, endKey);
    }

    // Sets the keys that each row sees and copies its query, scaled and padded with zeros to whole vectors.
    private readonly void PrepareRows(nint keyBegin, nint keyEnd)
    {
        nint firstQuery = _arguments.FirstQueries == null ? 0 : _arguments.FirstQueries[_batch];
        nint queryCount = _arguments.QueryCounts == null ? _arguments.QueryLength : _arguments.QueryCounts[_batch];
        nint offset = _arguments.CausalOffsets == null ? _arguments.CausalOffset : _arguments.CausalOffsets[_batch];
        nint keys = _arguments.KeyLengths == null ? _arguments.KeyLength : _arguments.KeyLengths[_batch];
        (nint query, nint member) = Math.DivRem(_begin, _shape.Group);
        for (nint row = 0; row < _rows; row++)
        {
            nint step = query - firstQuery;
            bool isPadding = step < 0 || step >= queryCount;
            nint position = step + offset;
            nint end = _arguments.IsCausal ? Math.Min(keys, position + 1) : keys;
            nint first = _arguments.Window > 0 ? Math.Max(position + 1 - _arguments.Window, 0) : 0;
            _firstKeys[row] = (int)Math.Max(first, keyBegin);
            _endKeys[row] = isPadding ? 0 : (int)Math.Max(Math.Min(end, keyEnd), 0);
            _maxima[row] = float.NegativeInfinity;
            V.Store(V.Zero, _sums + (row * V.Count));
            PrepareQuery(row, query, (_keyHead * _shape.Group) + member);
            if (++member == _shape.Group)
            {
                member = 0;
                query++;
            }
        }

        new Span<float>(_outputs, (int)(_rows * _shape.PaddedValue)).Clear();
    }

    private readonly void PrepareQuery(nint row, nint query, nint head)
    {
        nint offset = (_batch * _arguments.QueryBatchStride) + (query * _arguments.QuerySequenceStride) + (head * _arguments.QueryHeadStride);
        float* source = (float*)AttentionNarrow.At(_arguments.Query, offset, _arguments.Element);
        if (_shape.IsNarrow)
        {
            AttentionNarrow.Widen<V>(source, _arguments.Element, 0, 1, _arguments.HeadSize, _wideTile, _shape.PaddedHead);
            source = _wideTile;
        }

        if (!_shape.IsFew)
        {
            // The next position's query, some rows before it is needed: those of a head are far apart.
            nint following = offset + _arguments.QuerySequenceStride;
            Prefetch.ToFirstLevel(AttentionNarrow.At(_arguments.Query, following, _arguments.Element), _arguments.HeadSize * ElementBytes);
        }

        V scale = V.Broadcast(_arguments.Scale);
        for (nint segment = 0; segment < _shape.Segments; segment++)
        {
            float* target = _queries + (((segment * _shape.BlockRows) + row) * _shape.QueryStride);
            nint count = _shape.Segments == 1 ? _arguments.HeadSize : Math.Min(AttentionTile.MaximumDepth, _arguments.HeadSize - (segment * AttentionTile.MaximumDepth));
            nint element = 0;
            for (; element + V.Count <= count; element += V.Count)
            {
                V.Store(V.Load(source + element) * scale, target + element);
            }

            if (element < count)
            {
                V.Store(V.LoadPartial(source + element, count - element) * scale, target + element);
            }

            source += count;
        }
    }

    // The tile's keys are turned around, then each product of some rows takes a part of them and of the values from the second-level cache.
    private readonly void AddTile(nint key, nint count, nint following)
    {
        float* keys = (float*)KeyAddress(key);
        nint keyStride = _arguments.KeySequenceStride;
        if (_shape.IsNarrow)
        {
            AttentionNarrow.Widen<V>(keys, _arguments.Element, keyStride, count, _arguments.HeadSize, _wideTile, _shape.PaddedHead);
            keys = _wideTile;
            keyStride = _shape.PaddedHead;
        }

        AttentionTile.PackKeys<V>(keys, keyStride, count, _arguments.HeadSize, _keyTile);
        float* values = Values(key, count, out nint valueStride);
        nint fetched = key + count;
        nint fetchEnd = fetched + following;
        nint share = ((following * AttentionTile.MaximumRows) + _rows - 1) / _rows;
        for (nint row = 0; row < _rows; row += AttentionTile.MaximumRows)
        {
            for (nint past = Math.Min(fetched + share, fetchEnd); fetched < past; fetched++)
            {
                Prefetch.ToSecondLevel(KeyAddress(fetched), _arguments.HeadSize * ElementBytes);
                Prefetch.ToSecondLevel(ValueAddress(fetched), _arguments.ValueHeadSize * ElementBytes);
            }

            nint rows = Math.Min(AttentionTile.MaximumRows, _rows - row);
            (nint first, nint end) = Seen(row, row + rows);
            nint begin = Math.Max(first - key, 0);
            end = Math.Min(end - key, count);
            if (begin < end && MultiplyKeys(row, rows, key, begin / (2 * V.Count) * 2 * V.Count, end))
            {
                nint padded = (rows + AttentionTile.RowMultiple - 1) / AttentionTile.RowMultiple * AttentionTile.RowMultiple;
                AttentionTile.Multiply<V>(
                    _scores + begin, values + (begin * valueStride), valueStride, _outputs + (row * _shape.PaddedValue), _shape.PaddedValue, padded, _shape.PaddedValue, end - begin, accumulate: true);
            }
        }
    }

    // Weights of some rows for the keys [begin, end) of the packed tile; false if no row sees any.
    private readonly bool MultiplyKeys(nint row, nint rows, nint key, nint begin, nint end)
    {
        nint padded = (rows + AttentionTile.RowMultiple - 1) / AttentionTile.RowMultiple * AttentionTile.RowMultiple;
        nint width = 2 * V.Count;
        nint size = _arguments.HeadSize;
        for (nint segment = 0; segment < _shape.Segments; segment++)
        {
            float* queries = _queries + (((segment * _shape.BlockRows) + row) * _shape.QueryStride);
            nint element = segment * AttentionTile.MaximumDepth;
            nint depth = Math.Min(AttentionTile.MaximumDepth, size - element);
            for (nint panel = begin; panel < end; panel += width)
            {
                AttentionTile.Multiply<V>(
                    queries, _keyTile + (panel * size) + (element * width), width, _scores + panel, AttentionTile.LeftStride, padded, Math.Min(width, RoundUp(end - panel)), depth, segment > 0);
            }
        }

        return Weigh(row, rows, _scores + begin, key + begin, end - begin);
    }

    private readonly void AddTileToFewRows(nint key, nint count, void* next)
    {
        nint elementBytes = ElementBytes;
        float* keys = (float*)KeyAddress(key);
        nint keyStride = _arguments.KeySequenceStride;
        if (_shape.IsNarrow)
        {
            AttentionNarrow.Widen<V>(keys, _arguments.Element, keyStride, count, _arguments.HeadSize, _wideTile, _shape.PaddedHead);
            keys = _wideTile;
            keyStride = _shape.PaddedHead;
        }
        else if (_arguments.HeadSize != _shape.PaddedHead)
        {
            AttentionTile.CopyPadded(keys, keyStride, count, _arguments.HeadSize, _keyTile, _shape.PaddedHead);
            keys = _keyTile;
            keyStride = _shape.PaddedHead;
        }

        nint keyBytes = _arguments.KeySequenceStride * elementBytes;
        nint valueBytes = _arguments.ValueSequenceStride * elementBytes;
        nint keySize = _arguments.HeadSize * elementBytes;
        nint valueSize = _arguments.ValueHeadSize * elementBytes;
        AttentionScoring.Multiply<V>(
            _queries, _rows, keys, keyStride, count, _shape.PaddedHead, _scores, new(KeyAddress(key), keyBytes, keySize, count, ValueAddress(key), valueBytes, valueSize));
        if (Weigh(0, _rows, _scores, key, count))
        {
            float* values = Values(key, count, out nint valueStride);
            AttentionWeighing.Multiply<V>(
                _scores, _rows, values, valueStride, count, _shape.PaddedValue, _outputs, _shape.PaddedValue, new(ValueAddress(key), valueBytes, valueSize, count, next, keyBytes, keySize));
        }
    }

    private readonly float* Values(nint key, nint count, out nint stride)
    {
        float* values = (float*)ValueAddress(key);
        stride = _arguments.ValueSequenceStride;
        if (!_shape.CopiesValues)
        {
            return values;
        }

        if (_shape.IsNarrow)
        {
            AttentionNarrow.Widen<V>(values, _arguments.Element, stride, count, _arguments.ValueHeadSize, _valueTile, _shape.PaddedValue);
        }
        else
        {
            AttentionTile.CopyPadded(values, stride, count, _arguments.ValueHeadSize, _valueTile, _shape.PaddedValue);
        }

        stride = _shape.PaddedValue;
        return _valueTile;
    }

    // Turns scores of some rows into weights relative to the largest score so far; false if no row sees anything here. First the largest of all
    // rows, which do not wait for each other, then the exponentials.
    private readonly bool Weigh(nint row, nint rows, float* scores, nint key, nint count)
    {
        float* lanes = stackalloc float[AttentionTile.MaximumRows * Vector512Float.Count];
        float* largest = stackalloc float[AttentionTile.MaximumRows];
        for (nint index = 0; index < rows; index++)
        {
            V.Store(Exclude(row + index, scores + (index * AttentionTile.LeftStride), key, count), lanes + (index * V.Count));
        }

        for (nint index = 0; index < rows; index += 4)
        {
            // The lanes of rows that do not exist are never looked at.
            float* first = lanes + (index * V.Count);
            LaneReduction.Maxima(V.Load(first), V.Load(first + V.Count), V.Load(first + (2 * V.Count)), V.Load(first + (3 * V.Count)), largest + index);
        }

        bool isAnySeen = false;
        for (nint index = 0; index < rows; index++)
        {
            isAnySeen |= Exponentiate(row + index, scores + (index * AttentionTile.LeftStride), key, count, largest[index]);
        }

        return isAnySeen;
    }

    // Modifies a row's scores and returns the largest, lane by lane. Keys that the row doesn't see get the score -∞ or, in a vector without any other, the weight 0.
    private readonly V Exclude(nint row, float* scores, nint key, nint count)
    {
        (nint begin, nint end) = Visible(row, key, count);
        nint padded = RoundUp(count);
        if (begin >= end)
        {
            new Span<float>(scores, (int)padded).Clear();
            return V.Broadcast(float.NegativeInfinity);
        }

        nint first = begin / V.Count * V.Count;
        nint past = RoundUp(end);
        if (typeof(TScore) != typeof(NoScoreModifier) || _arguments.SoftCap != 0)
        {
            Modify(row, scores, key, first, end);
        }

        if (begin != 0)
        {
            new Span<float>(scores, (int)first).Clear();
            new Span<float>(scores + first, (int)(begin - first)).Fill(float.NegativeInfinity);
        }

        if (end != padded)
        {
            new Span<float>(scores + end, (int)(past - end)).Fill(float.NegativeInfinity);
            new Span<float>(scores + past, (int)(padded - past)).Clear();
        }

        return AttentionSoftmax.Largest<V>(scores + first, past - first);
    }

    private readonly bool Exponentiate(nint row, float* scores, nint key, nint count, float largest)
    {
        (nint begin, nint end) = Visible(row, key, count);
        if (begin >= end)
        {
            return false;
        }

        nint first = begin / V.Count * V.Count;
        nint past = RoundUp(end);
        if (largest == float.NegativeInfinity)
        {
            // Nothing is seen, unless a NaN was passed over.
            largest = AttentionSoftmax.LargestOrNaN<V>(scores + first, past - first);
            if (largest == float.NegativeInfinity)
            {
                new Span<float>(scores + first, (int)(past - first)).Clear();
                return false;
            }
        }

        float* sums = _sums + (row * V.Count);
        float before = _maxima[row];
        float maximum = largest <= before || float.IsNaN(before) ? before : largest;
        if (maximum != before)
        {
            _maxima[row] = maximum;
            if (before != float.NegativeInfinity)
            {
                float decay = AttentionSoftmax.Exponential(before - maximum);
                AttentionSoftmax.Scale<V>(sums, V.Count, decay);
                AttentionSoftmax.Scale<V>(_outputs + (row * _shape.PaddedValue), _shape.PaddedValue, decay);
            }
        }

        AttentionSoftmax.Exponentiate<V>(scores + first, past - first, maximum, sums);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly (nint Begin, nint End) Visible(nint row, nint key, nint count) => (Math.Max(_firstKeys[row] - key, 0), Math.Min(_endKeys[row] - key, count));

    private readonly void Modify(nint row, float* scores, nint key, nint begin, nint end)
    {
        (nint query, nint member) = Math.DivRem(_begin + row, _shape.Group);
        nint head = (_keyHead * _shape.Group) + member;

        // Lanes past the end are overwritten afterwards, but the modifier may read for them, which only keys that exist allow.
        nint existing = (_arguments.KeyLengths == null ? _arguments.KeyLength : _arguments.KeyLengths[_batch]) - key;
        nint index = begin;
        for (; index < end && index + V.Count <= existing; index += V.Count)
        {
            V.Store(Modify(V.Load(scores + index), head, query, key + index), scores + index);
        }

        for (; index < end; index++)
        {
            scores[index] = Modify(new ScalarFloat(scores[index]), head, query, key + index).Value;
        }
    }

    private readonly VAny Modify<VAny>(VAny score, nint head, nint query, nint key)
        where VAny : struct, IVector<VAny>
    {
        if (_arguments.SoftCap != 0)
        {
            VAny cap = VAny.Broadcast(_arguments.SoftCap);
            score = cap * VectorMath.Tanh(score / cap);
        }

        return _modifier.Apply(score, _batch, head, query, key);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint RoundUp(nint count) => (count + V.Count - 1) / V.Count * V.Count;
}
