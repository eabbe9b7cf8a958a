namespace Cameo.Images.WebP;

/// <summary>The loop filter (RFC 6386, section 15): edges between blocks, then between their parts.</summary>
internal sealed class Vp8Filter(Vp8Header header)
{
    /// <summary>Filters the edges of a block of a plane on its left and above it, and those inside it.</summary>
    /// <param name="plane">The plane.</param>
    /// <param name="row">First row of the block.</param>
    /// <param name="column">First column of the block.</param>
    /// <param name="size">16 for luma, 8 for chroma.</param>
    /// <param name="level">The filter's level, above 0.</param>
    /// <param name="hasParts">Whether edges inside are filtered.</param>
    public void Run(Vp8Plane plane, int row, int column, int size, int level, bool hasParts)
    {
        int inner = Inner(level), limit = (2 * level) + inner, variance = level >= 40 ? 2 : level >= 15 ? 1 : 0;
        byte[] samples = plane.Samples;
        int start = plane.Place(row, column), stride = plane.Stride;
        if (column > 0)
        {
            Edge(samples, start, 1, stride, size, limit + 4, inner, variance, true);
        }

        for (int part = 4; part < size && hasParts; part += 4)
        {
            Edge(samples, start + part, 1, stride, size, limit, inner, variance, false);
        }

        if (row > 0)
        {
            Edge(samples, start, stride, 1, size, limit + 4, inner, variance, true);
        }

        for (int part = 4; part < size && hasParts; part += 4)
        {
            Edge(samples, start + (part * stride), stride, 1, size, limit, inner, variance, false);
        }
    }

    private int Inner(int level)
    {
        if (header.Sharpness == 0)
        {
            return level;
        }

        return Math.Max(1, Math.Min(level >> (header.Sharpness > 4 ? 2 : 1), 9 - header.Sharpness));
    }

    /// <summary>One edge: <paramref name="across"/> leads from a sample to the one behind it as seen from the edge, <paramref name="along"/> to the next place of the edge.</summary>
    private void Edge(byte[] s, int start, int across, int along, int size, int limit, int inner, int variance, bool isOuter)
    {
        for (int place = start, index = 0; index < size; index++, place += along)
        {
            int p1 = s[place - (2 * across)], p0 = s[place - across], q0 = s[place], q1 = s[place + across];
            if ((4 * Math.Abs(p0 - q0)) + Math.Abs(p1 - q1) > (2 * limit) + 1)
            {
                continue;
            }

            if (header.IsSimpleFilter)
            {
                Two(s, place, across, p1, p0, q0, q1);
                continue;
            }

            int p3 = s[place - (4 * across)], p2 = s[place - (3 * across)], q2 = s[place + (2 * across)], q3 = s[place + (3 * across)];
            if (Math.Abs(p3 - p2) > inner || Math.Abs(p2 - p1) > inner || Math.Abs(p1 - p0) > inner || Math.Abs(q1 - q0) > inner || Math.Abs(q2 - q1) > inner || Math.Abs(q3 - q2) > inner)
            {
                continue;
            }

            if (Math.Abs(p1 - p0) > variance || Math.Abs(q1 - q0) > variance)
            {
                Two(s, place, across, p1, p0, q0, q1);
            }
            else if (isOuter)
            {
                int a = Signed((3 * (q0 - p0)) + Signed(p1 - q1));
                int near = ((27 * a) + 63) >> 7, middle = ((18 * a) + 63) >> 7, far = ((9 * a) + 63) >> 7;
                s[place - (3 * across)] = Vp8Transforms.Limit(p2 + far);
                s[place - (2 * across)] = Vp8Transforms.Limit(p1 + middle);
                s[place - across] = Vp8Transforms.Limit(p0 + near);
                s[place] = Vp8Transforms.Limit(q0 - near);
                s[place + across] = Vp8Transforms.Limit(q1 - middle);
                s[place + (2 * across)] = Vp8Transforms.Limit(q2 - far);
            }
            else
            {
                int a = 3 * (q0 - p0), above = Small((a + 4) >> 3), below = Small((a + 3) >> 3), rest = (above + 1) >> 1;
                s[place - (2 * across)] = Vp8Transforms.Limit(p1 + rest);
                s[place - across] = Vp8Transforms.Limit(p0 + below);
                s[place] = Vp8Transforms.Limit(q0 - above);
                s[place + across] = Vp8Transforms.Limit(q1 - rest);
            }
        }
    }

    private static void Two(byte[] s, int place, int across, int p1, int p0, int q0, int q1)
    {
        int a = (3 * (q0 - p0)) + Signed(p1 - q1);
        s[place - across] = Vp8Transforms.Limit(p0 + Small((a + 3) >> 3));
        s[place] = Vp8Transforms.Limit(q0 - Small((a + 4) >> 3));
    }

    private static int Signed(int value) => Math.Clamp(value, -128, 127);

    private static int Small(int value) => Math.Clamp(value, -16, 15);
}
