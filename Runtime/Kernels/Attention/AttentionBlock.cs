using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// A block of queries against a range of keys. For each row it keeps the largest score so far, the sum of exponentials relative to it and
/// the values weighted by them; a larger score scales both down (the online softmax).
/// </summary>
/// <remarks>
/// Probabilities that are modified are not known until their row's maximum and sum are: the keys are then gone through twice. The first time measures the rows, the second makes
/// probabilities of the scores and weighs the values with what the modifier returns, which nothing scales any more. The first leaves the scores to the second where they do not take too
/// much memory; else they are computed again.
/// </remarks>
[SkipLocalsInit]
internal unsafe partial struct AttentionBlock<V, TScore, TProbability>
    where V : struct, IVector<V>
    where TScore : struct, IScoreModifier
    where TProbability : struct, IScoreModifier
{
    // End of the keys that a row sees which is no query.
    private const int PaddingEnd = -1;

    private readonly AttentionArguments _arguments;
    private readonly CappedScoreModifier<TScore> _modifier;
    private readonly TProbability _probabilityModifier;
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
    private nint _keyBegin;
    private nint _keyEnd;
    private float* _kept;
    private float* _keptMaxima;
    private bool _isMeasuring;

    public AttentionBlock(in AttentionArguments arguments, TScore modifier, TProbability probabilityModifier, in AttentionShape shape, byte* scratch)
    {
        _arguments = arguments;
        _modifier = new(arguments.SoftCap, modifier);
        _probabilityModifier = probabilityModifier;
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

    /// <summary>Whether weights are modified probabilities instead of exponentials.</summary>
    private static bool IsModified => typeof(TProbability) != typeof(NoScoreModifier);

    /// <summary>Whether only maxima and sums are wanted.</summary>
    private readonly bool IsMeasuring => IsModified && _isMeasuring;

    /// <summary>Whether scores are taken from where they were kept.</summary>
    private readonly bool IsReading => IsModified && _kept != null && !_isMeasuring;

    /// <summary>Takes up the rows [begin, begin + rows) of a key head and the keys [keyBegin, keyEnd) of those that they see.</summary>
    /// <param name="batch">Row of the batch.</param>
    /// <param name="keyHead">Key head.</param>
    /// <param name="begin">First row.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="keyBegin">First key.</param>
    /// <param name="keyEnd">Past the last key.</param>
    /// <param name="kept">Memory to keep the scores in (<see cref="AttentionShape.KeptFloats"/>); null where they are computed again.</param>
    /// <param name="keptKeys">How many keys it is for.</param>
    public void Begin(nint batch, nint keyHead, nint begin, nint rows, nint keyBegin, nint keyEnd, float* kept, nint keptKeys)
    {
        _batch = batch;
        _keyHead = keyHead;
        _begin = begin;
        _rows = rows;
        _keyBegin = keyBegin;
        _keyEnd = Math.Min(keyEnd, Keys);
        _kept = kept;
        _keptMaxima = kept + ((keptKeys + _shape.PanelKeys - 1) / _shape.PanelKeys * _shape.PanelFloats);
        PrepareRows(keyBegin, keyEnd);
    }

    /// <summary>Memory of this part in which scores may be kept.</summary>
    public readonly float* OwnKept => _queries + _shape.KeptOffset;

    /// <summary>Computes maxima, sums and weighted values of the rows taken up.</summary>
    /// <param name="next">Address of the keys that will be read after these; null if they are not known.</param>
    public void Compute(void* next)
    {
        if (IsModified)
        {
            Measure(KeyAddress(_keyBegin));
            Settle();
        }

        AddTiles(next);
    }

    /// <summary>Computes maxima and sums of the rows taken up.</summary>
    /// <param name="next">Address of the keys that will be read after these; null if they are not known.</param>
    public void Measure(void* next)
    {
        _isMeasuring = true;
        AddTiles(next);
        _isMeasuring = false;
    }

    /// <summary>Computes the values of the rows taken up, weighted by modified probabilities, once all chunks of keys are measured.</summary>
    /// <param name="partials">[chunks, rows] what <see cref="StoreMeasures"/> wrote.</param>
    /// <param name="chunks">Number of chunks.</param>
    /// <param name="next">Address of the keys that will be read after these; null if they are not known.</param>
    public void ComputeMeasured(float* partials, nint chunks, void* next)
    {
        for (nint row = 0; row < _rows; row++)
        {
            V.Store(V.Zero, _sums + (row * V.Count));
            _results.Total(partials + (row * _shape.PartialStride), chunks, out _maxima[row], out _sums[row * V.Count]);
        }

        Settle();
        AddTiles(next);
    }

    /// <summary>Address of a key.</summary>
    public readonly void* KeyAddress(nint batch, nint keyHead, nint key) =>
        AttentionNarrow.At(_arguments.Key, (batch * _arguments.KeyBatchStride) + (keyHead * _arguments.KeyHeadStride) + (key * _arguments.KeySequenceStride), _arguments.Element);

    /// <summary>Divides by the sums, unless weights were probabilities already, and writes the output of the computed rows.</summary>
    public readonly void StoreOutput()
    {
        (nint query, nint member) = Math.DivRem(_begin, _shape.Group);
        for (nint row = 0; row < _rows; row++)
        {
            float* sums = _outputs + (row * _shape.PaddedValue);
            if (IsModified)
            {
                _results.Store(_batch, _keyHead, query, member, sums);
            }
            else
            {
                _results.Store(_batch, _keyHead, query, member, sums, _maxima[row], Sum(row));
            }

            if (++member == _shape.Group)
            {
                member = 0;
                query++;
            }
        }
    }

    /// <summary>Writes maximum and sum of the computed rows, the head of their partial results.</summary>
    public readonly void StoreMeasures(float* partials)
    {
        for (nint row = 0; row < _rows; row++)
        {
            float* partial = partials + (row * _shape.PartialStride);
            partial[0] = _maxima[row];
            partial[1] = Sum(row);
        }
    }

    /// <summary>Writes the weighted values of the computed rows, the rest of their partial results, for <see cref="AttentionResults{V}.Combine"/>.</summary>
    public readonly void StoreValues(float* partials)
    {
        for (nint row = 0; row < _rows; row++)
        {
            float* partial = partials + (row * _shape.PartialStride);
            float* source = _outputs + (row * _shape.PaddedValue);
            for (nint element = 0; element < _shape.PaddedValue; element += V.Count)
            {
                V.Store(V.Load(source + element), partial + AttentionShape.PartialHeader + element);
            }
        }
    }

    /// <summary>Adds up the partial results of all rows of a key head and writes the output.</summary>
    public readonly void Combine(nint batch, nint keyHead, float* partials, nint chunks) => _results.Combine(batch, keyHead, partials, chunks, IsModified, _outputs);

    private readonly nint ElementBytes => _shape.IsNarrow ? sizeof(ushort) : sizeof(float);

    /// <summary>Keys of the row of the batch.</summary>
    private readonly nint Keys => _arguments.KeyLengths == null ? _arguments.KeyLength : _arguments.KeyLengths[_batch];

    private readonly float Sum(nint row) => V.ReduceAdd(V.Load(_sums + (row * V.Count)));

    private readonly void* KeyAddress(nint key) => KeyAddress(_batch, _keyHead, key);

    private readonly void* ValueAddress(nint key) =>
        AttentionNarrow.At(_arguments.Value, (_batch * _arguments.ValueBatchStride) + (_keyHead * _arguments.ValueHeadStride) + (key * _arguments.ValueSequenceStride), _arguments.Element);

    // Goes through the keys that the rows see, tile by tile.
    private readonly void AddTiles(void* next)
    {
        (nint first, nint end) = Seen(0, _rows);
        nint tile = first / _shape.TileKeys * _shape.TileKeys;

        // What is gone through twice has the same tiles both times.
        for (nint key = IsModified ? tile : first; key < end; key = tile)
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

    /// <summary>The keys that some of the rows [begin, end) see, or weigh without seeing them; none if the first is not before the end.</summary>
    private readonly (nint First, nint End) Seen(nint begin, nint end)
    {
        if (IsModified && _arguments.WeighsUnseen)
        {
            return (_keyBegin, _keyEnd);
        }

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
        nint keys = Keys;
        (nint query, nint member) = Math.DivRem(_begin, _shape.Group);
        for (nint row = 0; row < _rows; row++)
        {
            nint step = query - firstQuery;
            bool isPadding = step < 0 || step >= queryCount;
            nint position = step + offset;
            nint end = _arguments.IsCausal ? Math.Min(keys, position + 1) : keys;
            nint first = _arguments.Window > 0 ? Math.Max(position + 1 - _arguments.Window, 0) : 0;
            _firstKeys[row] = (int)Math.Max(first, keyBegin);
            _endKeys[row] = isPadding ? PaddingEnd : (int)Math.Max(Math.Min(end, keyEnd), 0);
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
        if (!IsReading)
        {
            PackKeys(key, count);
        }

        nint valueStride = 0;
        float* values = IsMeasuring ? null : Values(key, count, out valueStride);
        nint fetched = key + count;
        nint fetchEnd = fetched + following;
        nint share = ((following * AttentionTile.MaximumRows) + _rows - 1) / _rows;
        for (nint row = 0; row < _rows; row += AttentionTile.MaximumRows)
        {
            for (nint past = Math.Min(fetched + share, fetchEnd); fetched < past; fetched++)
            {
                if (!IsReading)
                {
                    Prefetch.ToSecondLevel(KeyAddress(fetched), _arguments.HeadSize * ElementBytes);
                }

                if (!IsMeasuring)
                {
                    Prefetch.ToSecondLevel(ValueAddress(fetched), _arguments.ValueHeadSize * ElementBytes);
                }
            }

            nint rows = Math.Min(AttentionTile.MaximumRows, _rows - row);
            (nint first, nint end) = Seen(row, row + rows);
            nint begin = Math.Max(first - key, 0);
            end = Math.Min(end - key, count);
            float* scores = Scores(row, key);
            if (begin < end && MultiplyKeys(row, rows, scores, key, begin / (2 * V.Count) * 2 * V.Count, end))
            {
                nint padded = (rows + AttentionTile.RowMultiple - 1) / AttentionTile.RowMultiple * AttentionTile.RowMultiple;
                AttentionTile.Multiply<V>(
                    scores + begin, values + (begin * valueStride), valueStride, _outputs + (row * _shape.PaddedValue), _shape.PaddedValue, padded, _shape.PaddedValue, end - begin, accumulate: true);
            }
        }
    }

    private readonly void PackKeys(nint key, nint count)
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
    }

    // Where the scores of a row and those behind it for a tile of keys go, or are.
    private readonly float* Scores(nint row, nint tile)
    {
        if (!IsModified || _kept == null)
        {
            return _scores;
        }

        (nint panel, nint key) = Math.DivRem(tile - _keyBegin, _shape.PanelKeys);
        return _kept + (panel * _shape.PanelFloats) + (row * AttentionTile.LeftStride) + key;
    }

    // Weights of some rows for the keys [begin, end) of the packed tile; false if there are none.
    private readonly bool MultiplyKeys(nint row, nint rows, float* scores, nint key, nint begin, nint end)
    {
        if (IsReading)
        {
            return Weigh(row, rows, scores + begin, key + begin, end - begin);
        }

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
                    queries, _keyTile + (panel * size) + (element * width), width, scores + panel, AttentionTile.LeftStride, padded, Math.Min(width, RoundUp(end - panel)), depth, segment > 0);
            }
        }

        return Weigh(row, rows, scores + begin, key + begin, end - begin);
    }

    private readonly void AddTileToFewRows(nint key, nint count, void* next)
    {
        float* scores = Scores(0, key);
        nint elementBytes = ElementBytes;
        nint keyBytes = _arguments.KeySequenceStride * elementBytes;
        nint valueBytes = _arguments.ValueSequenceStride * elementBytes;
        nint keySize = _arguments.HeadSize * elementBytes;
        nint valueSize = _arguments.ValueHeadSize * elementBytes;
        if (!IsReading)
        {
            float* keys = KeysOfFewRows(key, count, out nint keyStride);
            AttentionFetch fetch = IsMeasuring
                ? new(KeyAddress(key), keyBytes, keySize, count, next, keyBytes, keySize)
                : new(KeyAddress(key), keyBytes, keySize, count, ValueAddress(key), valueBytes, valueSize);
            AttentionScoring.Multiply<V>(_queries, _rows, keys, keyStride, count, _shape.PaddedHead, scores, fetch);
        }

        if (Weigh(0, _rows, scores, key, count))
        {
            float* values = Values(key, count, out nint valueStride);
            AttentionFetch fetch = IsReading
                ? new(ValueAddress(key), valueBytes, valueSize, count, ValueAddress(key + count), valueBytes, valueSize)
                : new(ValueAddress(key), valueBytes, valueSize, count, next, keyBytes, keySize);
            AttentionWeighing.Multiply<V>(scores, _rows, values, valueStride, count, _shape.PaddedValue, _outputs, _shape.PaddedValue, fetch);
        }
    }

    // A tile of keys, each with whole vectors of elements.
    private readonly float* KeysOfFewRows(nint key, nint count, out nint stride)
    {
        float* keys = (float*)KeyAddress(key);
        stride = _arguments.KeySequenceStride;
        if (_shape.IsNarrow)
        {
            AttentionNarrow.Widen<V>(keys, _arguments.Element, stride, count, _arguments.HeadSize, _wideTile, _shape.PaddedHead);
            keys = _wideTile;
            stride = _shape.PaddedHead;
        }
        else if (_arguments.HeadSize != _shape.PaddedHead)
        {
            AttentionTile.CopyPadded(keys, stride, count, _arguments.HeadSize, _keyTile, _shape.PaddedHead);
            keys = _keyTile;
            stride = _shape.PaddedHead;
        }

        return keys;
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint RoundUp(nint count) => (count + V.Count - 1) / V.Count * V.Count;
}
