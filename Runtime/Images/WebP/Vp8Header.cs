namespace Cameo.Images.WebP;

/// <summary>What the header of a VP8 key frame says (RFC 6386, section 9).</summary>
internal sealed class Vp8Header
{
    private const int Segments = 4;

    private readonly int[] _quantizers = new int[Segments];
    private readonly int[] _strengths = new int[Segments];
    private bool _isAbsolute;

    public Vp8Header(BoolDecoder bits)
    {
        // The color space and whether pixels are clamped, which they are here in any case.
        bits.Number(2);
        ReadSegments(bits);
        IsSimpleFilter = bits.Flag();
        FilterLevel = bits.Number(6);
        Sharpness = bits.Number(3);
        if (bits.Flag() && bits.Flag())
        {
            ReadFilterDeltas(bits);
        }

        Partitions = 1 << bits.Number(2);
        int index = bits.Number(7);
        int[] deltas = [bits.Optional(4), bits.Optional(4), bits.Optional(4), bits.Optional(4), bits.Optional(4)];
        Factors = [.. Enumerable.Range(0, Segments).Select(segment =>
            new Vp8Factors(!HasSegments ? index : _isAbsolute ? _quantizers[segment] : index + _quantizers[segment], deltas))];

        // Whether probabilities outlive the frame.
        bits.Flag();
        Vp8Tables.CoefficientProbabilities.CopyTo(Probabilities);
        for (int place = 0; place < Probabilities.Length; place++)
        {
            if (bits.Bit(Vp8Tables.UpdateProbabilities[place]) != 0)
            {
                Probabilities[place] = (byte)bits.Number(8);
            }
        }

        SkipProbability = bits.Flag() ? bits.Number(8) : null;
    }

    public bool HasSegments { get; private set; }

    public bool HasSegmentMap { get; private set; }

    public byte[] SegmentProbabilities { get; } = [255, 255, 255];

    public bool IsSimpleFilter { get; }

    public int FilterLevel { get; }

    public int Sharpness { get; }

    /// <summary>What is added to the filter's level for all blocks of a key frame.</summary>
    public int FrameDelta { get; private set; }

    /// <summary>What is added for blocks whose parts are predicted one by one.</summary>
    public int PartsDelta { get; private set; }

    public int Partitions { get; }

    public Vp8Factors[] Factors { get; }

    public byte[] Probabilities { get; } = new byte[4 * 8 * 3 * 11];

    /// <summary>How likely blocks have coefficients; null where none is left out.</summary>
    public int? SkipProbability { get; }

    /// <summary>The filter's level for a block.</summary>
    public int Level(int segment, bool hasParts)
    {
        int level = !HasSegments ? FilterLevel : _isAbsolute ? _strengths[segment] : FilterLevel + _strengths[segment];
        return Math.Clamp(level + FrameDelta + (hasParts ? PartsDelta : 0), 0, 63);
    }

    private void ReadSegments(BoolDecoder bits)
    {
        HasSegments = bits.Flag();
        if (!HasSegments)
        {
            return;
        }

        HasSegmentMap = bits.Flag();
        if (bits.Flag())
        {
            _isAbsolute = bits.Flag();
            for (int segment = 0; segment < Segments; segment++)
            {
                _quantizers[segment] = bits.Optional(7);
            }

            for (int segment = 0; segment < Segments; segment++)
            {
                _strengths[segment] = bits.Optional(6);
            }
        }

        for (int node = 0; node < SegmentProbabilities.Length && HasSegmentMap; node++)
        {
            SegmentProbabilities[node] = bits.Flag() ? (byte)bits.Number(8) : (byte)255;
        }
    }

    private void ReadFilterDeltas(BoolDecoder bits)
    {
        int[] deltas = new int[8];
        for (int index = 0; index < deltas.Length; index++)
        {
            deltas[index] = bits.Optional(6);
        }

        // Key frames refer to no other frame, and only one of their modes has a delta.
        (FrameDelta, PartsDelta) = (deltas[0], deltas[4]);
    }
}
